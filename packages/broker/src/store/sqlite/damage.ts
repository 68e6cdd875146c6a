/** Bodies that are not what was accepted: found by a lease or by the check of all, then ended, their senders told. */
import type { Bounce } from "../../mesh/store.ts";
import { isIntact } from "./body.ts";
import type { EngineContext } from "./context.ts";
import { endUnacked } from "./end.ts";
import type { Engine } from "./engine.ts";
import { MESH_AGENT_ID } from "./messages.ts";
import { notify } from "./notice.ts";

/** Messages that were found damaged and wait to be ended, and how far the check of all bodies has come. */
export class FoundDamage {
  readonly #messages = new Set<number>();
  checkedUntil = 0;

  note(messagePk: number): void {
    this.#messages.add(messagePk);
  }

  list(limit: number): readonly number[] {
    return [...this.#messages].slice(0, limit);
  }

  forget(messagePks: readonly number[]): void {
    for (const pk of messagePks) this.#messages.delete(pk);
  }
}

/** Compares the next `limit` bodies with their hashes; true when these were the last, and the next call begins anew. */
export function checkBodies({ messages, damage }: Engine, limit: number): boolean {
  const rows = messages.bodiesAfter(damage.checkedUntil, limit);
  for (const row of rows) if (!isIntact(row)) damage.note(row.pk);
  const isThrough = rows.length < limit;
  damage.checkedUntil = isThrough ? 0 : (rows.at(-1)?.pk ?? 0);
  return isThrough;
}

/**
 * Ends what waits of the damaged messages; their senders get one notice each. What is leased stays: its holder has the
 * text as it was accepted. Returns how many messages.
 */
export function endDamaged(
  engine: Engine,
  context: EngineContext,
  messagePks: readonly number[],
  bounce: Bounce | undefined,
): number {
  const found = messagePks.flatMap((pk) => engine.messages.wholeByPk(pk) ?? []);
  for (const message of found) {
    const waiting = engine.deliveries
      .ofMessage(message.message_id)
      .filter(({ state }) => state === "queued" || state === "held");
    const reason = "corrupt_body";
    for (const { pk } of waiting) endUnacked(engine, context, pk, { state: "dead", event: "dead", reason, bounce });
    const [first] = waiting;
    if (bounce && first && message.topic !== null && message.sender_id !== MESH_AGENT_ID) {
      notify(engine, context, {
        kind: "bounce",
        to: message.sender_id,
        about: message.message_id,
        threadId: message.thread_id,
        body: bounce({
          deliveryId: first.id,
          seq: first.seq,
          state: "dead",
          reason,
          recipient: message.topic,
          body: "",
        }),
      });
    }
    if (engine.messages.markDamaged(message.message_id)) {
      const from = message.sender_name;
      context.notice("error", "message.damaged", { messageId: message.message_id, from, ended: waiting.length });
    }
  }
  return found.length;
}
