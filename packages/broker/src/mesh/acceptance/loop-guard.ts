/** Keeps agents from answering each other without end: hops, budgets a minute, and the same text again and again. */
import { createHash, randomUUID } from "node:crypto";
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";
import { MeshError } from "../errors.ts";
import type { Refusals } from "../needs/refusals.ts";
import type { Policy } from "../policy.ts";
import type { Budget, CountedText, UsedUp } from "../store/shared.ts";
import { type Counts, OwnCounts } from "./counts.ts";

const MINUTE_MS = 60_000;

/** What is known of a send before it is accepted. */
export interface Attempt {
  readonly sender: { readonly id: AgentId; readonly name: string };
  readonly recipient: { readonly id: AgentId; readonly name: string };
  readonly body: string;
  readonly hops: number;
  /** What a person answers by it: the same words for another question are another answer. */
  readonly answers?: MessageId | undefined;
  /** A retry under the same key is no repeat. */
  readonly idempotencyKey: string | undefined;
}

/** A budget, and what is said when it is used up. */
interface NamedBudget extends Budget {
  readonly who: string;
}

/** Hops, and budgets and repeats of the last minute. */
export class LoopGuard {
  readonly #policy: Policy;
  readonly #counts: Counts;
  readonly #refusals: Refusals;

  constructor(policy: Policy, clock: Clock, refusals: Refusals, counts: Counts = new OwnCounts(clock)) {
    this.#policy = policy;
    this.#counts = counts;
    this.#refusals = refusals;
  }

  /**
   * Lets a direct message pass, or refuses it; the returned function says that it was not accepted after all.
   * @throws MeshError loop_limit, rate_limited, duplicate_storm
   */
  async checkSend(attempt: Attempt): Promise<() => Promise<void>> {
    try {
      return await this.#check(attempt);
    } catch (error) {
      const { sender: from, recipient: to } = attempt;
      const isRefusal = error instanceof MeshError && error.code !== "store_unavailable";
      if (isRefusal) this.#refusals.note({ kind: "loop", from, to, why: error.message });
      throw error;
    }
  }

  async #check({ sender, recipient, body, hops, answers, idempotencyKey }: Attempt): Promise<() => Promise<void>> {
    if (hops > this.#policy.maxHops) {
      throw new MeshError(
        "loop_limit",
        `${sender.name} and others have answered each other ${hops - 1} times in a row without a person. Stop here, or let a person write into the thread.`,
      );
    }
    const { senderPerMinute, pairPerMinute, repeatsPerMinute: most } = this.#policy;
    const pair = `${sender.id}>${recipient.id}`;
    const hash = createHash("sha256")
      .update(`${answers ?? ""}\n${body}`)
      .digest("base64url");
    const text = most === 0 ? undefined : { key: `${pair}>${hash}`, name: idempotencyKey ?? randomUUID(), most };
    const used = await this.#spend(text, [
      { key: pair, perMinute: pairPerMinute, who: `${sender.name} may send ${recipient.name}` },
      { key: sender.id, perMinute: senderPerMinute, who: `${sender.name} may send` },
    ]);
    if (used?.what === "text") {
      throw new MeshError(
        "duplicate_storm",
        `This same text of ${sender.name} was accepted for ${recipient.name} ${most} times in a minute; this one was not stored. Send something new, or wait.`,
      );
    }
    return async () => {
      if (text) await this.#counts.takeBack(text);
    };
  }

  /** Lets a publish pass, or refuses it. @throws MeshError rate_limited */
  async checkPublish(sender: Attempt["sender"]): Promise<void> {
    const { senderPerMinute: perMinute } = this.#policy;
    await this.#spend(undefined, [{ key: sender.id, perMinute, who: `${sender.name} may send` }]);
  }

  async #spend(text: CountedText | undefined, named: readonly NamedBudget[]): Promise<UsedUp | undefined> {
    const budgets = named.filter(({ perMinute }) => perMinute > 0);
    if (budgets.length === 0 && !text) return undefined;
    const used = await this.#counts.spend(text, budgets);
    const spent = used?.what === "budget" ? budgets[used.n] : undefined;
    if (used?.what !== "budget" || !spent) return used;
    const { perMinute, who } = spent;
    const retryAfterMs = Math.ceil(((1 - used.rest) / perMinute) * MINUTE_MS);
    throw new MeshError(
      "rate_limited",
      `${who} ${perMinute} message${perMinute === 1 ? "" : "s"} a minute. Nothing was stored; try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
      { retryAfterMs },
    );
  }
}
