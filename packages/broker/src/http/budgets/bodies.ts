/** Bodies that are being received: each caller has its share of them, and each is to be complete in time. */
import type { IncomingMessage } from "node:http";
import type { AnyCaller } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import { isUnbound, nameOf, shareOf } from "./connections.ts";
import { httpLimits } from "./limits.ts";

/** A body from its first byte to its last. */
interface Coming {
  readonly request: IncomingMessage;
  readonly share: string;
  readonly until: number;
}

/** The bodies of one server. One timer looks after all of them: most are there in the moment in which they are asked for. */
export class Bodies {
  readonly #withinMs: number;
  /** In the order they began, which is that of their ends. */
  readonly #coming = new Set<Coming>();
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** Whether a caller may bring one more. @throws MeshError too_much_at_once */
  check(caller: AnyCaller | undefined): void {
    const now = this.#counts.get(shareOf(caller)) ?? 0;
    const most = caller === undefined ? httpLimits.bodiesUnproven : httpLimits.bodiesPerAgent;
    if (!isUnbound(caller) && now >= most) {
      const who = caller === undefined ? "Callers without a token are" : `${nameOf(caller)} is`;
      throw new MeshError(
        "too_much_at_once",
        `${who} sending ${now} bodies at a time, which is the most. Nothing was stored. Send fewer at a time.`,
        { retryAfterMs: 1_000 },
      );
    }
  }

  /** Counts one; to be told when it is complete, or will not be. @throws MeshError too_much_at_once */
  begun(request: IncomingMessage, caller: AnyCaller | undefined): () => void {
    this.check(caller);
    const share = shareOf(caller);
    const body = { request, share, until: performance.now() + this.#withinMs };
    this.#counts.set(share, (this.#counts.get(share) ?? 0) + 1);
    this.#coming.add(body);
    this.#timer ??= this.#watch(this.#withinMs);
    return () => this.#over(body);
  }

  #over(body: Coming): void {
    if (!this.#coming.delete(body)) return;
    const left = (this.#counts.get(body.share) ?? 1) - 1;
    if (left > 0) this.#counts.set(body.share, left);
    else this.#counts.delete(body.share);
  }

  #watch(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const body of this.#coming) {
        if (body.until > now) {
          this.#timer = this.#watch(body.until - now);
          return;
        }
        this.#over(body);
        body.request.destroy();
      }
    }, ms).unref();
  }
}
