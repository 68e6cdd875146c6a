/** What becomes of the leases of a group: what is queued as most things are is leased together. */
import { urgencyWeight } from "../../../../mesh/acceptance/urgency.ts";
import { leasedDelivery, leastPushed, newReceipt } from "../../../shared/leasing.ts";
import { messageOf } from "../../../shared/rows/rows.ts";
import { MAX_ENTRIES_PER_EVENT } from "../../../shared/timeline.ts";
import type { LeaseAskedFor, OneOf } from "../../commits/waiting.ts";
import type { EngineContext } from "../../context.ts";
import type { LeasableRow } from "./found.ts";
import { type Decided, undecided } from "./sends.ts";
import type { Standing } from "./standing.ts";
import type { Tallied } from "./tally.ts";
import type { LeaseToWrite } from "./written.ts";

/** Decides what each takes; their notes are written behind so many others. */
export function decideLeases(
  leases: readonly OneOf<LeaseAskedFor>[],
  standing: Standing,
  context: Pick<EngineContext, "now">,
  tallied: Tallied,
  behind: number,
): Decided<LeaseToWrite> {
  const decided = undecided<LeaseToWrite>();
  for (const [n, { asked, waiting }] of leases.entries()) {
    const rows = standing.leasable.get(n) ?? [];
    const told = lease(asked, rows, { standing, now: context.now, decided, tallied, behind });
    if (told) decided.told.set(waiting, told);
    else decided.byItself.push(waiting);
  }
  return decided;
}

/**
 * Undefined when it is another than most are: of an inbox that the group has moved since it was read, of an agent in focus, of a damaged
 * message, or of one that was leased very often before.
 */
function lease(
  { terms, answer }: LeaseAskedFor,
  rows: readonly LeasableRow[],
  by: {
    readonly standing: Standing;
    readonly now: number;
    readonly decided: Decided<LeaseToWrite>;
    readonly tallied: Tallied;
    readonly behind: number;
  },
): (() => void) | undefined {
  const { standing, now, decided, tallied, behind } = by;
  const { agentId, session = null, stream, leaseMs } = terms;
  const party = standing.parties.get(agentId);
  if (!party || party.row.removed_at !== null) return undefined;
  const { queued } = party;
  if (queued === 0) return () => answer({ leased: [], queued: 0 });
  if (queued !== party.row.queued_count) return undefined;
  const push = stream ?? terms.push;
  const asked = push?.urgency ?? "fyi";
  if (push && leastPushed(party.row, asked, now) > urgencyWeight(asked)) return undefined;
  const holder = session === null ? undefined : standing.holders.get(session);
  if (session !== null && !holder) return () => answer({ leased: [], queued, silent: false });
  if (stream && holder?.row.silent === 1) return () => answer({ leased: [], queued, silent: true });
  const credit = stream ? stream.maxInFlight - (holder?.streamed ?? 0) : rows.length;
  const ready = rows.slice(0, Math.max(0, credit)).map((row) => ({ row, message: messageOf(row) }));
  if (ready.some(({ row, message }) => message.damaged || row.attempt >= MAX_ENTRIES_PER_EVENT)) return undefined;

  const endsAt = now + leaseMs;
  const taken = ready.map(({ row, message }) => {
    const [attempt, receipt] = [row.attempt + 1, newReceipt()];
    const { pk, recipient_pk: recipient, sender_pk: sender } = row;
    decided.notes.push({ pk, recipient, sender, event: "leased", attempt, session, reason: null });
    const place = behind + decided.notes.length;
    decided.rows.push({ pk, receipt, session, ends: endsAt, place: stream ? place : null });
    return { delivery: leasedDelivery(row, { attempt, receipt, endsAt }, message), place };
  });
  if (taken.length > 0) tallied.inbox(party.row.pk, { queued: -taken.length });
  party.queued -= taken.length;
  if (holder && stream) holder.streamed += taken.length;
  let start = 0;
  decided.placed.push((before) => {
    start = before;
  });
  return () =>
    answer({
      leased: taken.map(({ delivery, place }) => ({ delivery, streamPosition: start + place })),
      queued: queued - taken.length,
      silent: false,
    });
}
