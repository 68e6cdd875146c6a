/** What becomes of the acks of a group: those that end a lease as it is are written together. */
import { deliveryRecord } from "../../../shared/rows/rows.ts";
import { MAX_ENTRIES_PER_EVENT } from "../../../shared/timeline.ts";
import type { AckAskedFor, OneOf } from "../../commits/waiting.ts";
import type { EngineContext } from "../../context.ts";
import { isProven } from "../../sessions.ts";
import { type Decided, undecided } from "./sends.ts";
import type { Standing } from "./standing.ts";
import type { Tallied } from "./tally.ts";
import type { AckToWrite } from "./written.ts";

/** What is decided, and which sessions gave a sign with it. */
export type DecidedAcks = Decided<AckToWrite> & { readonly heard: Set<string> };

/** Decides what becomes of each. */
export function decideAcks(
  acks: readonly OneOf<AckAskedFor>[],
  standing: Standing,
  context: Pick<EngineContext, "now" | "hints">,
  tallied: Tallied,
): DecidedAcks {
  const decided = { ...undecided<AckToWrite>(), heard: new Set<string>() };
  for (const { asked, waiting } of acks) {
    const told = ack(asked, standing, context, decided, tallied);
    if (told) decided.told.set(waiting, told);
    else decided.byItself.push(waiting);
  }
  return decided;
}

/** Undefined when it is another than most are: of nothing that is leased, under another receipt, or with news of its session. */
function ack(
  { agentId, ref, receipt, evidence, answer }: AckAskedFor,
  { deliveries, holders, parties }: Standing,
  { now, hints }: Pick<EngineContext, "now" | "hints">,
  decided: DecidedAcks,
  tallied: Tallied,
): (() => void) | undefined {
  const row = deliveries.get(ref);
  const party = parties.get(agentId);
  if (!party || row?.recipient_id !== agentId || row.state !== "leased") return undefined;
  if ((receipt !== undefined && receipt !== row.receipt) || row.attempt > MAX_ENTRIES_PER_EVENT) return undefined;
  const holder = row.session_id === null ? undefined : holders.get(row.session_id);
  if (holder?.row.silent === 1) return undefined;
  if (holder && evidence !== "read" && !isProven(holder.row.proven_at, now)) return undefined;
  const { pk, attempt, session_id: session, recipient_pk: recipient, sender_pk: sender } = row;
  decided.notes.push({ pk, recipient, sender, event: "acked", attempt, session, reason: evidence });
  decided.rows.push({ pk, evidence });
  tallied.inbox(recipient, { open: -1, bytes: -row.bytes });
  if (holder) decided.heard.add(holder.row.id);
  party.open = { messages: party.open.messages - 1, bytes: party.open.bytes - row.bytes };
  hints.ready(agentId);
  const delivery = deliveryRecord({ id: row.id, state: "acked", attempt, lease_ends_at: null });
  return () => answer({ kind: "done", delivery });
}
