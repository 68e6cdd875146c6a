/** What a token is kept and looked up by. */
import { createHash } from "node:crypto";

/** SHA-256 of a secret, in hex. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
