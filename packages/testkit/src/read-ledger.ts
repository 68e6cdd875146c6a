/** The broker's own account at the end: its whole log, message by message. */
import type { MeshClient } from "@agentmesh/client";
import type { LogEntry } from "@agentmesh/protocol";
import type { Ledger, LedgerEntry } from "./history/ledger.ts";

type Moment = Pick<LogEntry, "at" | "event" | "attempt" | "session" | "reason">;

interface Account extends LedgerEntry {
  readonly deliveries: [{ readonly id: string; state: string; readonly timeline: Moment[] }];
}

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
  held: "held",
  admitted: "queued",
  refused: "refused",
};

/** Reads the log of the mesh from `cursor` to its end. */
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
