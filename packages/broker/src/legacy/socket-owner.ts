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
  const uid = (await tables[there.length > 13 ? "tcp6" : "tcp"].read()).get(`${there} ${here}`);
  return uid === "0" || (uid !== undefined && uid === String(process.getuid?.()));
}

/** Both ends of a connection. */
type Ends = {
  readonly [K in "remoteAddress" | "remotePort" | "localAddress" | "localPort"]?: Socket[K] | undefined;
};

/** User ids of established sockets by their ends, as the kernel prints them. */
type Owners = ReadonlyMap<string, string>;

/**
 * The kernel's table of sockets. It takes milliseconds to write, and has thousands of lines where many connections come and go:
 * who asks while it is read shares the next reading, and each reading is gone through once.
 */
class SocketTable {
  readonly #path: string;
  #reading: Promise<Owners> | undefined;
  #next: Promise<Owners> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The table as it is after this call. */
  read(): Promise<Owners> {
    if (!this.#reading) return this.#begin();
    this.#next ??= this.#reading.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<Owners> {
    this.#next = undefined;
    const reading = readFile(this.#path, "latin1")
      .then(ownersOf)
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }
}

/** The owners in a table. A socket that its process has closed is shown as root's and has no inode: it is left out. */
function ownersOf(table: string): Owners {
  const owners = new Map<string, string>();
  for (const [, ends = "", uid = ""] of table.matchAll(ESTABLISHED)) owners.set(ends, uid);
  return owners;
}

const tables = { tcp: new SocketTable("/proc/net/tcp"), tcp6: new SocketTable("/proc/net/tcp6") };

/** A line of an established socket: both ends, its state, queues and timers, its user id, a timeout, its inode. */
const ESTABLISHED = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) 01 \S+ \S+ \S+ +(\d+) +\d+ [1-9]/gm;

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
