/** Messages of the past as a model is shown them: fenced like any other, and said to be of the past. */
import type { Delivery, HistoryEntry, Message } from "@agentmesh/protocol";
import { defang, fenceAttribute, quotedUnlessWord, toldTrust } from "@agentmesh/protocol";

/** What a model is shown of one message that was sent or got before. */
export interface PastMessage {
  /** Number in the own inbox, or the id of a message that was sent. */
  readonly messageId: string;
  readonly message: Message;
  readonly state: string;
  readonly text: string;
}

/** States in which the agent's own policy, or the sender, keeps a message from it. */
const WITHHELD: readonly string[] = ["held", "refused", "cancelled"];

/** One message with its fence, and what became of it for the agent that looks. */
export function pastMessage(entry: HistoryEntry, ownId: string): PastMessage {
  const { message, deliveries } = entry;
  const own = deliveries.find(({ to }) => to.id === ownId);
  const messageId = own ? String(own.seq) : message.id;
  const trust = toldTrust(own?.trust, message);
  const state = own?.state ?? statesOf(entry);
  const attributes = [
    ["from", message.from.name],
    ...(trust === undefined ? [] : [["trust", trust]]),
    ...(own ? [] : [["to", message.to]]),
    ["message", messageId],
    ["sent", message.acceptedAt],
    ...(message.topic === undefined ? [] : [["topic", message.topic]]),
    ["thread", message.threadId],
    ...(message.inReplyTo === undefined ? [] : [["in_reply_to", message.inReplyTo]]),
    ["history", "true"],
  ].map(([name, value]) => ` ${name}="${fenceAttribute(value ?? "")}"`);
  const withheld = own !== undefined && WITHHELD.includes(own.state);
  const text = [
    `<agentmesh${attributes.join("")}>`,
    withheld ? "(not shown)" : defang(entry.snippet ?? message.body),
    "</agentmesh>",
    own ? ownWords(own) : `You sent this; state: ${state}.`,
  ].join("\n");
  return { messageId, message, state, text };
}

function ownWords({ state, reason }: Delivery): string {
  const why = reason === undefined ? "" : ` (${quotedUnlessWord(reason)})`;
  switch (state) {
    case "acked":
      return `Handled before${why}.`;
    case "queued":
    case "leased":
      return "Not handled yet: it waits for you in check_messages.";
    case "cancelled":
      return "Its sender took it back.";
    case "held":
    case "refused":
      return `Your owner's policy keeps it from you: ${state}.`;
    default:
      return `It ended before you handled it: ${state}${why}.`;
  }
}

/** `acked`, or for what was published `2 acked, 1 queued`. */
function statesOf({ deliveries, moreDeliveries }: HistoryEntry): string {
  const counts = new Map<string, number>();
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (counts.size === 0) return "no subscriber";
  if (deliveries.length === 1) return deliveries[0]?.state ?? "";
  return `${[...counts].map(([state, count]) => `${count} ${state}`).join(", ")}${moreDeliveries ? " and more" : ""}`;
}
