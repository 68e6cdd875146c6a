/** Answers that were given and not read yet: each caller has its share, and who reads nothing is hung up on. */
import type { ServerResponse } from "node:http";
import { httpLimits } from "./limits.ts";

interface Unread {
  readonly response: ServerResponse;
  readonly share: string;
  readonly bytes: number;
}

/** The unread answers of one server, by the share they count to; the share of those without a token is "". */
export class UnreadAnswers {
  /** In the order they were given. */
  readonly #unread = new Set<Unread>();
  readonly #bytes = new Map<string, number>();
  #all = 0;

  /** Counts an answer until its reader has it. Where its share, or all of them, grow too large, the oldest readers go. */
  given(response: ServerResponse, share: string, bytes: number): void {
    const answer = { response, share, bytes };
    this.#unread.add(answer);
    this.#add(share, bytes);
    const read = () => {
      if (this.#unread.delete(answer)) this.#add(share, -bytes);
    };
    response.once("finish", read);
    response.once("close", read);
    const most = share === "" ? httpLimits.unreadUnproven : httpLimits.unreadPerCaller;
    // A set may lose members while it is walked.
    for (const one of this.#unread) {
      if (this.#of(share) <= most) break;
      if (one.share === share && one !== answer) this.#hangUp(one);
    }
    for (const one of this.#unread) {
      if (this.#all <= httpLimits.unread) break;
      if (one !== answer) this.#hangUp(one);
    }
  }

  #hangUp(answer: Unread): void {
    answer.response.destroy();
    if (this.#unread.delete(answer)) this.#add(answer.share, -answer.bytes);
  }

  #of(share: string): number {
    return this.#bytes.get(share) ?? 0;
  }

  #add(share: string, bytes: number): void {
    const now = this.#of(share) + bytes;
    if (now > 0) this.#bytes.set(share, now);
    else this.#bytes.delete(share);
    this.#all += bytes;
  }
}
