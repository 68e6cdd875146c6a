/** Wrong tokens by the address they come from: who tries many in a minute is answered with less; right ones never wait. */
import { MeshError } from "../../mesh/errors.ts";

const WINDOW_MS = 60_000;

/** Addresses that are counted at a time; more only come where somebody has many. */
const MOST_ADDRESSES = 1_000;

/** What is said of a wrong one. */
const REMEDIES = {
  token: "No valid token. Send an agent's token or the mesh key as: Authorization: Bearer …",
  invite: "No invite has this secret. Ask for a new one: agentmesh invite, where the broker runs. Nothing was stored.",
  hook: "No hook URL takes this post: its signature or secret is wrong or missing. Nothing was stored. Make a new one: agentmesh hook-url, where the broker runs.",
  code: "Nobody signs in with this code: each works once and for a minute, a read-only link until its time is over or it is revoked. Ask for another: agentmesh ui",
} as const;

/** Counts refusals. */
export class WrongTokens {
  readonly #since = new Map<string, { readonly at: number; count: number }>();
  readonly #perMinute: number;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** The error for one more wrong token, secret of an invite, post of a hook, or code of the page, from this address. */
  refusal(address: string, what: keyof typeof REMEDIES = "token"): MeshError {
    const now = performance.now();
    let known = this.#since.get(address);
    if (!known || now - known.at >= WINDOW_MS) {
      this.#since.delete(address);
      known = { at: now, count: 0 };
      this.#since.set(address, known);
      const [oldest] = this.#since.keys();
      if (this.#since.size > MOST_ADDRESSES && oldest !== undefined) this.#since.delete(oldest);
    }
    known.count++;
    if (this.#perMinute > 0 && known.count > this.#perMinute) {
      return new MeshError(
        "too_much_at_once",
        `${known.count - 1} wrong tokens have come from ${address} within a minute. A right one is taken at any time; read it anew from where it is kept.`,
        { retryAfterMs: Math.ceil(WINDOW_MS - (now - known.at)) },
      );
    }
    return new MeshError("unauthenticated", REMEDIES[what]);
  }
}
