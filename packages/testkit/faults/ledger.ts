/** The broker's own account at the end: its whole log, added up and compared with its counters. */
import type { MeshClient } from "@agentmesh/client";
import type { BrokerStatus, LogEntry } from "@agentmesh/protocol";
import type { Finding, MessageFate } from "testkit";

type Moment = Pick<LogEntry, "at" | "event" | "attempt" | "session" | "reason">;

interface Account extends MessageFate {
  readonly to: string;
  readonly seq: number;
  readonly deliveries: [{ readonly id: string; state: string; readonly timeline: Moment[] }];
}

/** Every message of the log, in the order of acceptance. */
export type Ledger = ReadonlyMap<string, Account>;

const STATE_AFTER: Readonly<Record<string, string>> = {
  accepted: "queued",
  nacked: "queued",
  released: "queued",
  leased: "leased",
  acked: "acked",
  rejected: "dead",
  dead: "dead",
  expired: "expired",
  cancelled: "cancelled",
  redriven: "queued",
};

/** Reads the log from `cursor` to its end. */
export async function readLedger(admin: MeshClient, cursor: string): Promise<Ledger> {
  const ledger = new Map<string, Account>();
  for (let after = cursor; ; ) {
    const page = await admin.log({ after, limit: 500 });
    for (const entry of page.entries) note(ledger, entry);
    if (page.entries.length === 0) return ledger;
    after = page.cursor;
  }
}

function note(ledger: Map<string, Account>, entry: LogEntry): void {
  const { messageId, deliveryId, seq, at, event, attempt, session, reason } = entry;
  let account = ledger.get(messageId);
  if (!account) {
    const delivery = { id: deliveryId, state: "none", timeline: [] };
    account = { message: { id: messageId }, to: entry.to.name, seq, deliveries: [delivery] };
    ledger.set(messageId, account);
  }
  const [delivery] = account.deliveries;
  delivery.state = STATE_AFTER[event] ?? delivery.state;
  delivery.timeline.push({
    at,
    event,
    attempt,
    ...(session !== undefined && { session }),
    ...(reason !== undefined && { reason }),
  });
}

/** Counters equal the log, every inbox is numbered without a gap in the order of acceptance. */
export function ledgerFindings(ledger: Ledger, counted: BrokerStatus["deliveries"]): Finding[] {
  const found: Finding[] = [];
  const added: Record<string, number> = {};
  const lastSeq = new Map<string, number>();
  for (const { message, to, seq, deliveries } of ledger.values()) {
    const [{ state, timeline }] = deliveries;
    added[state] = (added[state] ?? 0) + 1;
    const before = lastSeq.get(to) ?? 0;
    lastSeq.set(to, seq);
    if (seq !== before + 1)
      found.push({ kind: "conservation", detail: `${to} has #${seq} after #${before}`, messageId: message.id });
    if (timeline[0]?.event !== "accepted")
      found.push({ kind: "conservation", detail: `${message.id} was never accepted`, messageId: message.id });
  }
  for (const [state, n] of Object.entries(counted)) {
    if ((added[state] ?? 0) !== n)
      found.push({ kind: "conservation", detail: `${state}: the broker counts ${n}, its log ${added[state] ?? 0}` });
  }
  return found;
}
