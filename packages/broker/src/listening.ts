/** Where the broker listens: who may reach that, which port is free, under which names it is called. */
import type { Server } from "node:net";
import { DEFAULT_PORT, loopbackHost, systemRefusal, systemSentences } from "@agentmesh/protocol";
import type { FastifyInstance } from "fastify";
import type { Config } from "./config/schema.ts";
import { reachesOut } from "./config/tls-place.ts";

/** The port is taken by another program, or may not be used. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

/** The settings would expose the broker to a network without protection. */
export class ExposedBindError extends Error {
  override readonly name = "ExposedBindError";
}

/** All addresses of the machine: nothing that a client connects to. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Ports that are tried by a broker that may choose, after the usual one; then the system gives one. */
const NEXT_PORTS = 20;

/** Checks that nothing but this machine reaches the broker, unless the settings say how that is safe. @throws ExposedBindError */
export function checkBind(config: Config): void {
  const { legacy, behindTlsProxy, trustedNetwork, allowedHosts, tls } = config;
  const isAlone = loopbackHost(config.host) !== undefined && !behindTlsProxy && !trustedNetwork && tls === "";
  if (legacy && (!isAlone || allowedHosts.length > 0)) {
    throw new ExposedBindError(
      "--legacy serves clients that have no token, so this machine alone may reach the broker. Leave out --legacy, or --host (CLAUDE_PEERS_BIND), --tls, --behind-tls-proxy, --trusted-network and --allowed-hosts.",
    );
  }
  if (loopbackHost(config.host) !== undefined || config.behindTlsProxy || config.trustedNetwork) return;
  throw new ExposedBindError(
    `--host ${config.host} would let other machines reach this broker without TLS. Use --tls ${bracketed(config.host)}:7900 instead, beside loopback; or add --behind-tls-proxy if a TLS proxy is in front, or --trusted-network if the network is yours alone.`,
  );
}

/** Where other machines may reach the broker, this machine's loopback is not where its agents live. */
export function mayPostToLoopback({ webhookLoopback, host, behindTlsProxy, trustedNetwork, tls }: Config): boolean {
  if (webhookLoopback !== "auto") return webhookLoopback === "allow";
  return loopbackHost(host) !== undefined && !behindTlsProxy && !trustedNetwork && !reachesOut(tls);
}

/** The Host headers that name this broker. */
export function hostsOf(config: Config, port: number): ReadonlySet<string> {
  const names = ["127.0.0.1", "localhost", "[::1]", bracketed(config.host)].map((name) => `${name}:${port}`);
  return new Set([...names, ...config.allowedHosts].map((name) => name.toLowerCase()));
}

/** The same, made anew when the port is another one: each request asks for them. */
export function keptHosts(config: Config): (port: number) => ReadonlySet<string> {
  let kept: { readonly port: number; readonly hosts: ReadonlySet<string> } | undefined;
  return (port) => {
    if (kept?.port !== port) kept = { port, hosts: hostsOf(config, port) };
    return kept.hosts;
  };
}

/** The address by which this machine's clients reach the broker. */
export function urlOf({ host }: Pick<Config, "host">, port: number): string {
  return `http://${bracketed(EVERYWHERE[host] ?? host)}:${port}`;
}

/**
 * Where a machine is told to reach the broker: by its own TLS, with the pin of that; else by the names that a proxy in front or
 * a trusted network has for it; else where this machine does.
 */
export function reachedAt(
  config: Config,
  port: number,
  tls: { readonly urls: readonly string[]; readonly pin?: string | undefined } | undefined,
): { readonly urls: string[]; readonly ca?: string } {
  if (tls) return { urls: [...tls.urls], ...(tls.pin !== undefined && { ca: tls.pin }) };
  const { host, behindTlsProxy, trustedNetwork, allowedHosts } = config;
  const own = urlOf(config, port);
  if (!behindTlsProxy && !trustedNetwork) return { urls: [own] };
  const named = allowedHosts
    .map((name) => `${behindTlsProxy ? "https" : "http"}://${name}`)
    .filter((url) => URL.canParse(url));
  const isReached =
    trustedNetwork && !behindTlsProxy && loopbackHost(host) === undefined && EVERYWHERE[host] === undefined;
  return { urls: isReached ? [own, ...named] : named.length > 0 ? named : [own] };
}

/** What is said where another port than the usual one was taken. */
export function otherPortText(home: string): string {
  return `Port ${DEFAULT_PORT} was taken, as by another user's broker, so this one took another. Clients that use ${home} find it; a program that has the port written down needs this one.`;
}

/** The ports to try, in order. The clients of --legacy know no port but the one they were told. */
export function portsToTry({ port, legacy }: Pick<Config, "port" | "legacy">, last: number | undefined): number[] {
  if (port !== "auto") return [port];
  if (legacy) return [DEFAULT_PORT];
  const next = Array.from({ length: NEXT_PORTS }, (_, i) => DEFAULT_PORT + i);
  return [...new Set([...(last === undefined ? [] : [last]), ...next, 0])];
}

/** Listens on the first of the ports that is free, and says which. @throws PortTakenError */
export async function listen(app: FastifyInstance, host: string, ports: readonly number[]): Promise<number> {
  for (const [i, port] of ports.entries()) {
    try {
      await app.listen({ host, port, exclusive: true, listenTextResolver: () => "http.listening" });
    } catch (error) {
      const code = systemRefusal(error)?.code;
      // Windows keeps whole ranges of ports from programs, and calls that EACCES.
      const taken = code === "EADDRINUSE" || code === "EACCES";
      if (taken && i < ports.length - 1) continue;
      throw notListened(error, host, port, {
        flag: "--port",
        whenTaken:
          "Leave out --port and AGENTMESH_PORT, and the broker takes a free port by itself and says it to its clients; or name another one.",
        address: "The address is --host (AGENTMESH_HOST).",
      });
    }
    const address = app.server.address();
    return typeof address === "object" && address ? address.port : port;
  }
  throw new PortTakenError(`No port on ${host} could be tried. Name one with --port.`);
}

/** Listens with another server at one place, and says on which port; no host for every address. @throws PortTakenError */
export async function listenOn(server: Server, host: string | undefined, port: number, flag: string): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen({ host, port, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const whenTaken = `Name another one with ${flag}.`;
    throw notListened(error, host ?? "any address", port, { flag, whenTaken, address: `The address is ${flag}.` });
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

function notListened(
  error: unknown,
  host: string,
  port: number,
  said: { readonly flag: string; readonly whenTaken: string; readonly address: string },
): unknown {
  const refusal = systemRefusal(error);
  if (refusal?.code === "EADDRINUSE") {
    return new PortTakenError(
      `Port ${port} on ${host} is taken by another program, which may be another user's broker. ${said.whenTaken}`,
    );
  }
  if (refusal?.code === "EACCES")
    return new PortTakenError(`Port ${port} may not be used by this user. Choose one above 1023 with ${said.flag}.`);
  if (!refusal) return error;
  const sentences = systemSentences(refusal, { about: `Port ${port} on ${host}`, denied: "cannot be listened on" });
  // What passes, such as too many open files, is no matter of the port: the cause decides the exit code.
  return new PortTakenError(`${sentences} ${said.address}`, { cause: error });
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
