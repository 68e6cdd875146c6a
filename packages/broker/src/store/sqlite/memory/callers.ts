/** Agents by their token, in memory from their first call on: a request asks nothing of the database to know its caller. */
import type { Caller } from "../../shared/rows/agents.ts";
import type { Undo } from "./undo.ts";

/** So many are kept: what is beyond, the one that has been kept longest, is read again when it calls. */
const MOST = 20_000;

/** Them. Whatever changes an agent's row forgets it here, in the same act. */
export class CallersInMemory {
  readonly #undo: Undo;
  readonly #most: number;
  readonly #byToken = new Map<string, Caller>();
  readonly #tokens = new Map<number, string>();

  constructor(undo: Undo, most = MOST) {
    this.#undo = undo;
    this.#most = most;
  }

  /** By the hash of a token; one that is not kept is read, and kept if there is one. */
  get(tokenHash: string, read: () => Caller | undefined): Caller | undefined {
    const kept = this.#byToken.get(tokenHash);
    if (kept) return kept;
    const found = read();
    if (!found) return undefined;
    // Of two tokens that are good for a while, the one that came last is kept.
    this.forget(found.pk);
    const [oldest] = this.#tokens;
    if (oldest && this.#tokens.size >= this.#most) this.forget(oldest[0]);
    this.#byToken.set(tokenHash, found);
    this.#tokens.set(found.pk, tokenHash);
    // Read within an act it may be what the act changed.
    this.#undo.note(() => this.forget(found.pk));
    return found;
  }

  /** Something changes that decides about many. */
  forgetAll(): void {
    this.#tokens.clear();
    this.#byToken.clear();
  }

  /** Its row changes, or it is gone. */
  forget(pk: number): void {
    const token = this.#tokens.get(pk);
    if (token === undefined) return;
    this.#tokens.delete(pk);
    this.#byToken.delete(token);
  }
}
