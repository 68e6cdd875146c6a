/** What a token is kept and looked up by. */
import { hash } from "node:crypto";

/** SHA-256 of a secret, in hex. */
export function hashOf(secret: string): string {
  return hash("sha256", secret, "hex");
}
