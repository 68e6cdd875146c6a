/** What becomes of the messages of a group: decided one after the other, as each act would, and written together. */
import type { DeliveryId } from "@agentmesh/protocol";
import { actionOn } from "../../../../mesh/acceptance/receiver-policy.ts";
import { cameAs, type Standing as StandingOf } from "../../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../../mesh/acceptance/urgency.ts";
import type { MessageToEnqueue, StreamLeaseTerms } from "../../../../mesh/store.ts";
import { leasedDelivery, leastPushed, newReceipt } from "../../../shared/leasing.ts";
import { inboxFull, keptBytes, refuseKeeping, takes } from "../../../shared/quota.ts";
import { agentRecord, policyOf } from "../../../shared/rows/agents.ts";
import { bodyHash } from "../../../shared/rows/body.ts";
import { RANK } from "../../../shared/rows/deliveries.ts";
import { messageOf } from "../../../shared/rows/rows.ts";
import { acceptedRow, HELD_BY_POLICY, recipientLeft, refusedByPolicy, senderLeft } from "../../../shared/sending.ts";
import type { OneOf, SendAsked, Waiting } from "../../commits/waiting.ts";
import type { EngineContext } from "../../context.ts";
import { newestSigns } from "../../rows/signs.ts";
import { vectorOf } from "../../words.ts";
import type { LockedRow } from "./found.ts";
import type { Party, Standing } from "./standing.ts";
import type { Tallied } from "./tally.ts";
import type { NoteToWrite, SendToWrite } from "./written.ts";

/** What is decided, until it is written. */
export interface Decided<Row> {
  readonly rows: Row[];
  /** Notes in the timeline, in their order. */
  readonly notes: NoteToWrite[];
  /** Done when the places are known: the last note of the timeline that was there before. */
  readonly placed: ((before: number) => void)[];
  /** What is told to whom when it is committed, in the order of doing: what came of it, or why it is refused by the rules. */
  readonly told: Map<Waiting, () => void>;
  /** Others than most are. */
  readonly byItself: Waiting[];
}

/** Nothing yet. */
export function undecided<Row>(): Decided<Row> {
  return { rows: [], notes: [], placed: [], told: new Map(), byItself: [] };
}

/** Whether a message is one as most are: no answer, no ask, nothing that is to be found out first. */
function isPlain(message: MessageToEnqueue, { isUsed }: Standing, now: number): boolean {
  const { inReplyTo, answers, answerWithinMs, keepBackMs, endsTask, idempotency, senderId } = message;
  const asks = [inReplyTo, answers, answerWithinMs, keepBackMs, endsTask].some((each) => each !== undefined);
  return !asks && !(idempotency && isUsed(senderId, idempotency.key, now));
}

/** Decides what becomes of each. */
export function decideSends(
  sends: readonly OneOf<SendAsked>[],
  standing: Standing,
  context: Pick<EngineContext, "now" | "remoteSenders" | "hints">,
  tallied: Tallied,
): Decided<SendToWrite> {
  const decided = undecided<SendToWrite>();
  for (const { asked, waiting } of sends) {
    if (!isPlain(asked.message, standing, context.now)) {
      decided.byItself.push(waiting);
      continue;
    }
    try {
      decided.told.set(waiting, accept(asked, standing, context, decided, tallied));
    } catch (error) {
      decided.told.set(waiting, () => waiting.refuse(error));
    }
  }
  return decided;
}

function standingOf(row: LockedRow, byProgram = false): StandingOf {
  return { ...row, person: row.person === 1 && !byProgram };
}

/** In the order of `acts/send.ts`: who refuses first is the same. Returns how to tell what came of it. @throws MeshError */
function accept(
  { message, quota, answer }: SendAsked,
  standing: Standing,
  { now, remoteSenders, hints }: Pick<EngineContext, "now" | "remoteSenders" | "hints">,
  decided: Decided<SendToWrite>,
  tallied: Tallied,
): () => void {
  const sender = standing.parties.get(message.senderId);
  if (!sender || sender.row.removed_at !== null) throw senderLeft();
  const recipient = standing.parties.get(message.recipientId);
  if (!recipient?.record) throw recipientLeft(message.recipientId);
  const { bodyBytes, urgency = "normal", idempotency } = message;
  const { row } = recipient;
  if (!takes(recipient.open, bodyBytes, quota)) throw inboxFull(row.name, recipient.open, quota);
  const more = { messages: 1, bytes: keptBytes(bodyBytes) };
  if (quota.keeping) refuseKeeping(sender.row.name, { own: sender.kept, all: standing.kept }, more, quota.keeping);
  const came = cameAs(standingOf(sender.row, message.byProgram), standingOf(row));
  const action = actionOn(policyOf(row.policy), sender.row.id, came, remoteSenders);
  if (action === "refuse") throw refusedByPolicy(row.name);

  const [seq, expiresAt, weight] = [recipient.nextSeq++, now + message.ttlMs, urgencyWeight(urgency)];
  recipient.open = plus(recipient.open, { messages: 1, bytes: bodyBytes });
  sender.kept = plus(sender.kept, more);
  standing.kept = plus(standing.kept, more);
  if (action === "hold") recipient.held++;
  else {
    recipient.queued++;
    recipient.oldestQueuedAt ??= now;
  }
  const shown = messageOf(acceptedRow(message, sender.row, row.name, { acceptedAt: now, expiresAt }), true);
  const record = agentRecord(
    {
      ...recipient.record,
      ...{ queued_count: recipient.queued, held_count: recipient.held, open_count: recipient.open.messages },
      oldest_queued_at: recipient.oldestQueuedAt,
    },
    newestSigns(recipient.record.newest),
    now,
  );
  const state = action === "hold" ? "held" : "queued";
  const stream = action === "hold" ? undefined : streamFor(recipient, standing, weight, now);
  const lease = stream && { receipt: newReceipt(), session: stream.session, ends: now + stream.leaseMs };
  const place = decided.notes.length + 1;
  const pk = standing.newKeys[decided.rows.length];
  if (pk === undefined) throw new Error("there is no key for a delivery");
  const noted = { pk, recipient: row.pk, sender: sender.row.pk, attempt: 0, session: null, reason: null };
  decided.notes.push({ ...noted, event: "accepted" });
  if (lease) decided.notes.push({ ...noted, event: "leased", attempt: 1, session: lease.session });
  if (action === "hold") decided.notes.push({ ...noted, event: "held", reason: HELD_BY_POLICY });
  const waits = lease ? {} : { [state]: 1 };
  tallied.inbox(row.pk, { ...waits, numbers: 1, open: 1, bytes: bodyBytes });
  tallied.kept(sender.row.pk, more.bytes);
  decided.rows.push({
    ...{ pk, place, id: message.id, sender: sender.row.pk, recipient: row.pk },
    ...{ thread: message.threadId, hops: message.hops ?? 0, urgency: weight, program: message.byProgram ? 1 : 0 },
    ...{ body: message.body, bytes: bodyBytes, hash: bodyHash(message.body), words: vectorOf(message.body) },
    ...{ expires: expiresAt, delivery: message.deliveryId, seq, trust: came.trust },
    ...{ rank: urgency === "interrupt" ? RANK.interrupt : RANK.message, state: lease ? "leased" : state },
    ...{ receipt: lease?.receipt ?? null, session: lease?.session ?? null, ends: lease?.ends ?? null },
    key: idempotency && {
      ...{ key: idempotency.key, content: idempotency.contentHash, until: now + idempotency.windowMs },
    },
  });
  if (action !== "hold") hints.ready(row.id);
  const id: DeliveryId = message.deliveryId;
  if (lease) {
    const delivery = leasedDelivery(
      { id, seq, trust: came.trust },
      { attempt: 1, receipt: lease.receipt, endsAt: lease.ends },
      shown,
    );
    decided.placed.push((before) =>
      hints.streamed({ session: lease.session, leased: [{ delivery, streamPosition: before + place + 1 }] }),
    );
  }
  return () => answer({ duplicate: false, message: shown, delivery: { id, seq, state }, recipient: record });
}

/** The stream that has this delivery at once: nothing else waits for it, and it has credit. It is counted as leased there. */
function streamFor(recipient: Party, { holders }: Standing, weight: number, now: number): StreamLeaseTerms | undefined {
  // What is queued already comes first; it is leased behind the others.
  if (recipient.queued > 1) return undefined;
  for (const terms of recipient.offers) {
    const holder = holders.get(terms.session);
    if (!holder || holder.row.silent === 1 || holder.streamed >= terms.stream.maxInFlight || terms.max < 1) continue;
    if (weight < leastPushed(recipient.row, terms.stream.urgency ?? "fyi", now)) continue;
    holder.streamed++;
    recipient.queued--;
    recipient.oldestQueuedAt = null;
    return terms;
  }
  return undefined;
}

function plus(a: { messages: number; bytes: number }, b: { messages: number; bytes: number }) {
  return { messages: a.messages + b.messages, bytes: a.bytes + b.bytes };
}
