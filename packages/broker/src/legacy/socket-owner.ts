/** Which user of this machine is at the other end of a loopback connection, as Linux tells it. */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Whether this system can tell. */
export const canTellOwner = process.platform === "linux";

/**
 * Whether the process at the other end belongs to the broker's user, or to root. Read from /proc/net/tcp (proc(5)), whose
 * entry of an established socket has the user id of its owner; false for one that is not there (any more).
 */
export function isOwnUser({ remoteAddress, remotePort, localAddress, localPort }: Socket): boolean {
  const there = endOf(remoteAddress, remotePort);
  const here = endOf(localAddress, localPort);
  if (there === undefined || here === undefined) return false;
  const table = readFileSync(there.length > 13 ? "/proc/net/tcp6" : "/proc/net/tcp", "latin1");
  for (const line of table.split("\n")) {
    const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
    // A socket that its process has closed is shown as root's, so only one that is open counts.
    if (local === there && remote === here && state === ESTABLISHED && inode !== "0") {
      return uid === "0" || uid === String(process.getuid?.());
    }
  }
  return false;
}

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
