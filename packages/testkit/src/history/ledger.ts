/** Ledger: the broker's counters are the sum of its log, and every inbox is numbered 1, 2, 3 … in the order of acceptance. */
import type { Finding, MessageFate } from "./records.ts";

/** One message as the log of the mesh tells it. */
export interface LedgerEntry extends MessageFate {
  readonly to: string;
  readonly seq: number;
}

/** Every message of the log, in the order of acceptance. */
export type Ledger = ReadonlyMap<string, LedgerEntry>;

/** Compares a ledger with the counts of deliveries by state. */
export function ledgerFindings(ledger: Ledger, counted: Readonly<Record<string, number>>): Finding[] {
  const found: Finding[] = [];
  const note = (detail: string, messageId?: string) =>
    found.push({ kind: "conservation", detail, ...(messageId !== undefined && { messageId }) });
  const added: Record<string, number> = {};
  const lastSeq = new Map<string, number>();
  for (const { message, to, seq, deliveries } of ledger.values()) {
    for (const { state, timeline } of deliveries) {
      added[state] = (added[state] ?? 0) + 1;
      if (timeline[0]?.event !== "accepted") note(`${message.id} was never accepted`, message.id);
    }
    const before = lastSeq.get(to) ?? 0;
    lastSeq.set(to, seq);
    if (seq !== before + 1) note(`${to} has #${seq} after #${before}`, message.id);
  }
  for (const [state, n] of Object.entries(counted)) {
    if ((added[state] ?? 0) !== n) note(`${state}: the broker counts ${n}, its log ${added[state] ?? 0}`);
  }
  return found;
}
