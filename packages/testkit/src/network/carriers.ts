/** Programs that run on a machine of a network and carry what others send: doors, proxies, links that lose packets. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { watched } from "../programs.ts";
import { tempDir } from "../temp-dir.ts";
import { until } from "../until.ts";
import { listening } from "./free-port.ts";
import type { Network } from "./network.ts";

/** A running one; ended on dispose. */
export interface Carrier extends AsyncDisposable {
  stdout(): string;
  readonly child: ChildProcess;
}

/** Starts a program of this folder inside a network, and waits until it says that it is up. */
export async function startCarrier(
  on: Pick<Network, "inside">,
  program: string,
  args: readonly string[],
): Promise<Carrier> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return await startInside(on, [process.execPath, path, ...args], ({ stdout }) => stdout().includes("up"));
}

/** Starts any program inside a network, and waits until it is up. */
export async function startInside(
  { inside }: Pick<Network, "inside">,
  line: readonly string[],
  isUp: (program: { stdout(): string; stderr(): string }) => boolean,
): Promise<Carrier> {
  const [command = "", ...args] = [...inside, ...line];
  const program = watched(spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }));
  await until(() => {
    if (program.child.exitCode !== null) throw new Error(`${line.join(" ")} ended: ${program.stderr()}`);
    return isUp(program);
  }, line.join(" "));
  return {
    child: program.child,
    stdout: program.stdout,
    async [Symbol.asyncDispose]() {
      program.child.kill("SIGKILL");
      await program.exit;
    },
  };
}

/** A port of this loopback that leads to a port of the loopback of a network. */
export interface Door extends AsyncDisposable {
  readonly port: number;
}

/** Opens a door: through a socket file, which networks do not part. */
export async function openDoor(network: Network, port: number): Promise<Door> {
  const opened = new AsyncDisposableStack();
  const path = join(opened.use(tempDir()).path, "door");
  opened.use(await startCarrier(network, "carrier.ts", ["--listen", path, "--connect", `127.0.0.1:${port}`]));
  const server = createServer((near) => {
    const far = connect(path);
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    near.on("error", cut).on("close", cut);
    far.on("error", cut).on("close", cut);
    near.pipe(far).pipe(near);
    opened.defer(cut);
  });
  opened.defer(() => void server.close());
  return { port: await listening(server), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A proxy that listens for others. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Forgets the connections that it has, and tells neither side: as when what is between two machines starts anew. */
  vanish(): Promise<void>;
}

/** Somebody who stands between with a certificate of his own; ended on dispose. */
export interface Interceptor extends AsyncDisposable {
  /** A line for every connection, and everything that he was sent over it. */
  seen(): string;
}

/** Has somebody stand between on a machine: he shows this certificate, and passes on what he is sent. */
export async function openInterceptor(
  on: Pick<Network, "inside">,
  listen: string,
  connect: string,
  { cert, key }: { readonly cert: string; readonly key: string },
): Promise<Interceptor> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(tempDir()).path;
  const files = { cert: join(folder, "cert"), key: join(folder, "key") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  const args = ["--listen", listen, "--connect", connect, "--cert", files.cert, "--key", files.key];
  const { stdout } = opened.use(await startCarrier(on, "interceptor.ts", args));
  const running = opened.move();
  return { seen: stdout, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** How a proxy spoils what goes through it. */
export interface ProxySpoils {
  /** Cuts connections over which nothing went for so long. */
  readonly cutIdleMs?: number;
  /** Holds answers back until they are whole. */
  readonly buffer?: boolean;
}

/** Opens a proxy from one address to another, both as `host:port`, inside a network or on this machine. */
export async function openProxy(
  on: Pick<Network, "inside">,
  listen: string,
  connect: string,
  { cutIdleMs = 0, buffer = false }: ProxySpoils = {},
): Promise<Proxy> {
  const args = ["--listen", listen, "--connect", connect, "--cut-idle-ms", String(cutIdleMs)];
  if (buffer) args.push("--buffer");
  const { stdout, child, ...carrier } = await startCarrier(on, "carrier.ts", args);
  return {
    ...carrier,
    url: `http://${listen}`,
    async vanish() {
      const times = () => stdout().split("forgotten").length;
      const before = times();
      child.kill("SIGUSR2");
      await until(() => times() > before, "the proxy to forget its connections");
    },
  };
}
