/** Where a socket of an adapter lies. */
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest path of a Unix socket that every system takes, in bytes. */
const MAX_SOCKET_PATH = 100;

/** In the state folder; where its name is too long for a socket, in the folder for temporary files. */
export function socketPath(folder: string, name: string): string {
  if (process.platform === "win32") return `\\\\.\\pipe\\agentmesh-${name}`;
  const path = join(folder, `${name}.sock`);
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `agentmesh-${name}.sock`);
}
