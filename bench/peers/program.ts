/** A server that is not ours, as a process on a free port with a folder of its own. */
import { spawn, spawnSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import { freePort, tempDir, until } from "testkit";
import { endProcess, toEnd } from "../machine/ends.ts";

/** Whether a program can be started, and which version it is. */
export function whyNoProgram(program: string): { readonly version: string } | { readonly why: string } {
  const { error, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (error) return { why: `${program} is not installed (Debian package ${program})` };
  return { version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? "of unknown version" };
}

/** One that runs; its folder goes with it. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  /** A connection; closed with the server. */
  socket(): Promise<Socket>;
}

/** Starts it with arguments for a port and a folder, and waits until it can be connected to. */
export async function startServer(
  program: string,
  argsFor: (port: number, folder: string) => readonly string[],
): Promise<Server> {
  const folder = tempDir();
  const port = await freePort();
  const child = spawn(program, argsFor(port, folder.path), { cwd: folder.path, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
  const sockets = new Set<Socket>();
  const end = toEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await endProcess(child, ended);
    folder[Symbol.dispose]();
  });
  const socket = async () => {
    const opened = connect(port, "127.0.0.1").setNoDelay(true);
    await new Promise((resolve, reject) => opened.once("connect", resolve).once("error", reject));
    opened.on("error", () => opened.destroy());
    sockets.add(opened);
    return opened;
  };
  const listens = () =>
    socket().then(
      () => true,
      () => {
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
        return false;
      },
    );
  await until(listens, `${program} to listen`, 15_000).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return { port, socket, [Symbol.asyncDispose]: end };
}
