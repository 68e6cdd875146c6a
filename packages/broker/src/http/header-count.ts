/** How often a header came: Node joins or drops what came twice, and a second one is a trick. */
import type { IncomingMessage } from "node:http";

/** Counts it; its name in lower case. */
export function headerCount({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const each = rawHeaders[i];
    if (each?.length === name.length && each.toLowerCase() === name) count++;
  }
  return count;
}
