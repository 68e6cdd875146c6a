/** Waiving an answer in words: who does it, what both sides are told, and why there may be nothing to waive. */
import { type MessageId, type Party, quoted, type TimelineEntry, type WaiveReply } from "@agentmesh/protocol";
import type { AnyCaller, PageSignIn } from "../caller.ts";
import { timestamp } from "../clock.ts";
import { MeshError } from "../errors.ts";
import type { Store, WaiveTerms, WaiveVerdict } from "../store.ts";

/** How a caller waives: an asker need not be told what it does itself, a person at the page neither; of what its machine does it is told. */
export async function waiveTerms(store: Store, from: AnyCaller, asker: Party): Promise<WaiveTerms> {
  if (from.kind === "agent" || (from.kind === "key" && from.page?.as === asker.id))
    return { why: "by its asker", nudge };
  const why = from.kind === "machine" ? `at ${from.machine.host}` : await operatorWords(store, from.page);
  return {
    why,
    nudge,
    bounce: (ask) =>
      `Go on without the answer of ${ask.to.name} to your question ${quoted(ask.preview)} It was waived ${why}: nobody owes it any more. A late answer would still come into your inbox.`,
  };
}

const nudge: WaiveTerms["nudge"] = (ask) =>
  `${ask.from.name} needs no answer to #${ask.seq} any more: ${quoted(ask.preview)} Nobody waits for one; go on with your other work.`;

async function operatorWords(store: Store, page: PageSignIn | undefined): Promise<string> {
  if (!page) return "with the mesh key";
  const person = page.as === undefined ? undefined : await store.findAgent(page.as);
  return person ? `at the page by ${person.name}` : "at the page";
}

/** Who waived the answer to a question, by its timeline: `waived by its asker`. */
export function waivedWords(timeline: readonly TimelineEntry[]): string {
  const why = timeline.findLast(({ event }) => event === "waived")?.reason;
  return why === undefined ? "waived" : `waived ${why}`;
}

/** Answers a waive. @throws MeshError not_owed */
export function waiveReply(verdict: WaiveVerdict, messageId: MessageId): WaiveReply {
  switch (verdict.kind) {
    case "done":
      return { messageId, from: verdict.from, to: verdict.to, waivedAt: timestamp(verdict.waivedAt) };
    case "no_ask":
      throw notOwed(`${messageId} is no question: nobody owes an answer to it. What is owed: agentmesh owed`);
    case "answered":
      throw notOwed(
        `${messageId} was answered by ${verdict.by.name} with ${verdict.replyId}: there is nothing to waive. Look at it: agentmesh trace ${messageId}`,
      );
    default:
      throw notOwed(
        `${messageId} is ${verdict.state} for ${verdict.to.name}: its answer is not owed any more, and there is nothing to waive. What became of it: agentmesh trace ${messageId}`,
      );
  }
}

function notOwed(detail: string): MeshError {
  return new MeshError("not_owed", detail);
}
