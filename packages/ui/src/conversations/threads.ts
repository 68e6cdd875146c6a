/** Messages as conversations. */
import type { HistoryEntry } from "@agentmesh/protocol";

/** One conversation, as far as its messages are known. */
export interface Thread {
  readonly id: string;
  readonly last: HistoryEntry;
  readonly messages: number;
  /** Who wrote in it, the last one first. */
  readonly writers: readonly string[];
  /** The state that needs a look most. */
  readonly state: HistoryEntry["deliveries"][number]["state"] | undefined;
}

const WORST = ["dead", "held", "queued", "leased", "expired", "refused", "cancelled", "acked"] as const;

/** Conversations, the one with the newest message first. */
export function threadsOf(entries: readonly HistoryEntry[]): Thread[] {
  const byThread = Map.groupBy(newestFirst(entries), ({ message }) => message.threadId);
  return [...byThread].flatMap(([id, all]) => {
    const [last] = all;
    if (!last) return [];
    const states = all.flatMap(({ deliveries }) => deliveries.map(({ state }) => state));
    const writers = [...new Set(all.map(({ message }) => message.from.name))];
    return [{ id, last, messages: all.length, writers, state: WORST.find((each) => states.includes(each)) }];
  });
}

/** Messages, the newest first, each once. */
function newestFirst(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const each = new Map(entries.map((entry) => [entry.message.id, entry]));
  return [...each.values()].sort(
    (a, b) => b.message.acceptedAt.localeCompare(a.message.acceptedAt) || b.message.id.localeCompare(a.message.id),
  );
}

/** Most messages that are held while new ones come. */
const HELD = 1_000;

/**
 * What was known, with the newest page; that alone where what lies between them is not known, or where it would be too much: what
 * is older is asked for again then.
 */
export function broughtUpToDate(
  known: readonly HistoryEntry[],
  newest: readonly HistoryEntry[],
  hasOlder: boolean,
): { readonly entries: HistoryEntry[]; readonly isWhole: boolean } {
  const ids = new Set(newest.map(({ message }) => message.id));
  const meet = !hasOlder || known.some(({ message }) => ids.has(message.id));
  const entries = meet ? merged(known, newest) : newestFirst(newest);
  if (entries.length <= HELD) return { entries, isWhole: meet };
  return { entries: newestFirst(newest), isWhole: false };
}

/** What was known, with what came: what came stands for what is newer of the same message. */
export function merged(known: readonly HistoryEntry[], came: readonly HistoryEntry[]): HistoryEntry[] {
  return newestFirst([...known, ...came]);
}

/** A conversation as Markdown, for a pull request. */
export function asMarkdown(entries: readonly HistoryEntry[]): string {
  return newestFirst(entries)
    .reverse()
    .map(
      ({ message }) =>
        `**${message.from.name}** to ${message.topic ?? message.to}, ${message.acceptedAt}\n\n${message.body}`,
    )
    .join("\n\n---\n\n");
}
