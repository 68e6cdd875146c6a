/** Where the broker listens: who may reach that, which port is free, under which names it is called. */
import { DEFAULT_PORT, loopbackHost, systemRefusal, systemSentences } from "@agentmesh/protocol";
import type { FastifyInstance } from "fastify";
import type { Config } from "./config/schema.ts";

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
  const { legacy, behindTlsProxy, trustedNetwork, allowedHosts } = config;
  if (
    legacy &&
    (loopbackHost(config.host) === undefined || behindTlsProxy || trustedNetwork || allowedHosts.length > 0)
  ) {
    throw new ExposedBindError(
      "--legacy serves clients that have no token, so this machine alone may reach the broker. Leave out --legacy, or --host (CLAUDE_PEERS_BIND), --behind-tls-proxy, --trusted-network and --allowed-hosts.",
    );
  }
  if (loopbackHost(config.host) !== undefined || config.behindTlsProxy || config.trustedNetwork) return;
  throw new ExposedBindError(
    `--host ${config.host} would let other machines reach this broker without TLS. Add --behind-tls-proxy if a TLS proxy is in front, or --trusted-network if the network is yours alone.`,
  );
}

/** Where other machines may reach the broker, this machine's loopback is not where its agents live. */
export function mayPostToLoopback({ webhookLoopback, host, behindTlsProxy, trustedNetwork }: Config): boolean {
  if (webhookLoopback !== "auto") return webhookLoopback === "allow";
  return loopbackHost(host) !== undefined && !behindTlsProxy && !trustedNetwork;
}

/** The Host headers that name this broker. */
export function hostsOf(config: Config, port: number): ReadonlySet<string> {
  const names = ["127.0.0.1", "localhost", "[::1]", bracketed(config.host)].map((name) => `${name}:${port}`);
  return new Set([...names, ...config.allowedHosts].map((name) => name.toLowerCase()));
}

/** The address by which this machine's clients reach the broker. */
export function urlOf({ host }: Pick<Config, "host">, port: number): string {
  return `http://${bracketed(EVERYWHERE[host] ?? host)}:${port}`;
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
      const refusal = systemRefusal(error);
      // Windows keeps whole ranges of ports from programs, and calls that EACCES.
      const taken = refusal?.code === "EADDRINUSE" || refusal?.code === "EACCES";
      if (taken && i < ports.length - 1) continue;
      if (refusal?.code === "EADDRINUSE") {
        throw new PortTakenError(
          `Port ${port} on ${host} is taken by another program, which may be another user's broker. Leave out --port and AGENTMESH_PORT, and the broker takes a free port by itself and says it to its clients; or name another one.`,
        );
      }
      if (refusal?.code === "EACCES")
        throw new PortTakenError(`Port ${port} may not be used by this user. Choose one above 1023 with --port.`);
      if (refusal) {
        const sentences = systemSentences(refusal, {
          about: `Port ${port} on ${host}`,
          denied: "cannot be listened on",
        });
        // What passes, such as too many open files, is no matter of the port: the cause decides the exit code.
        throw new PortTakenError(`${sentences} The address is --host (AGENTMESH_HOST).`, { cause: error });
      }
      throw error;
    }
    const address = app.server.address();
    return typeof address === "object" && address ? address.port : port;
  }
  throw new PortTakenError(`No port on ${host} could be tried. Name one with --port.`);
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
