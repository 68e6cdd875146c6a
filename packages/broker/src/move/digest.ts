/** What is in a table, as a count and a hash that does not depend on the order of its rows. */
import { createHash } from "node:crypto";
import type { Cell } from "./side.ts";

const MODULUS = 1n << 256n;

/** Counts rows and adds their hashes. */
export class Digest {
  #rows = 0;
  #sum = 0n;

  add(cells: readonly Cell[]): void {
    this.#rows += 1;
    this.#sum = (this.#sum + BigInt(`0x${createHash("sha256").update(JSON.stringify(cells)).digest("hex")}`)) % MODULUS;
  }

  get rows(): number {
    return this.#rows;
  }

  get hash(): string {
    return this.#sum.toString(16).padStart(64, "0");
  }
}
