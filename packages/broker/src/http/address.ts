/** Whose connection it is, as people and the audit log are told. */
import type { Socket } from "node:net";

/** The address at the other end; an IPv4 one as such, though the listener is of IPv6. */
export function addressOf({ remoteAddress }: Pick<Socket, "remoteAddress">): string | undefined {
  return remoteAddress?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}
