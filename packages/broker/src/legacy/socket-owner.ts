/** Which user of this machine is at the other end of a loopback connection, as Linux tells it. */
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** Whether this system can tell. */
export const canTellOwner = process.platform === "linux";

/**
 * Whether the process at the other end belongs to the broker's user, or to root. Read from /proc/net/tcp (proc(5)), whose
 * entry of an established socket has the user id of its owner; false for one that is not there (any more).
 */
export async function isOwnUser(socket: Ends): Promise<boolean> {
  const there = endOf(socket.remoteAddress, socket.remotePort);
  const here = endOf(socket.localAddress, socket.localPort);
  if (there === undefined || here === undefined) return false;
  const table = await tables[there.length > 13 ? "tcp6" : "tcp"].read();
  // A socket that its process has closed is shown as root's, so only one that is open counts.
  for (let at = 0; ; at++) {
    at = table.indexOf(` ${there} ${here} ${ESTABLISHED} `, at);
    if (at < 0) return false;
    const [, , , , , , uid, , inode] = table.slice(at + 1, table.indexOf("\n", at)).split(/\s+/);
    if (inode !== undefined && inode !== "0") return uid === "0" || uid === String(process.getuid?.());
  }
}

/** Both ends of a connection. */
type Ends = {
  readonly [K in "remoteAddress" | "remotePort" | "localAddress" | "localPort"]?: Socket[K] | undefined;
};

/** The kernel's table of sockets. It takes milliseconds to write: who asks while it does shares the next reading. */
class SocketTable {
  readonly #path: string;
  #reading: Promise<string> | undefined;
  #next: Promise<string> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The table as it is after this call. */
  read(): Promise<string> {
    if (!this.#reading) return this.#begin();
    this.#next ??= this.#reading.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<string> {
    this.#next = undefined;
    const reading = readFile(this.#path, "latin1").finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }
}

const tables = { tcp: new SocketTable("/proc/net/tcp"), tcp6: new SocketTable("/proc/net/tcp6") };

const ESTABLISHED = "01";

/** Address and port as the kernel prints them: words in host byte order (little-endian) as hexadecimal. */
function endOf(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  if (address === "::1") return `00000000000000000000000001000000${end}`;
  const bytes = address
    .replace(/^::ffff:/, "")
    .split(".")
    .map(Number);
  if (bytes.length !== 4) return undefined;
  const hex = bytes.reverse().map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return `${address.startsWith("::ffff:") ? "0000000000000000FFFF0000" : ""}${hex.join("")}${end}`;
}
