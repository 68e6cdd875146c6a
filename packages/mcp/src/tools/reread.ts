/** What check_messages shows of the past: a conversation, or messages found by their words. */
import type { HistoryEntry, ThreadRef } from "@agentmesh/protocol";
import { MAX_BYTES_PER_READ, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { JoinedSession } from "../join.ts";
import { notYourUser } from "../shown/instructions.ts";
import { pastMessage } from "../shown/render-past.ts";
import type { ToolResult } from "./tool.ts";

/** What to show again. */
export interface PastQuery {
  readonly thread: ThreadRef | undefined;
  readonly search: string | undefined;
  /** Place of an earlier answer. */
  readonly before: string | undefined;
}

/** Shows messages of the past and acks none. */
export async function reread(
  { client, mesh }: JoinedSession,
  { thread, search, before }: PastQuery,
  signal: AbortSignal,
): Promise<ToolResult> {
  const query = {
    ...(thread !== undefined && { thread }),
    ...(search !== undefined && { query: search }),
    ...(before !== undefined && { before }),
  };
  const look = (limit: number) => client.listMessages({ ...query, limit }, { signal });
  let page = await look(MAX_DELIVERIES_PER_READ);
  const fitting = fittingOf(page.entries);
  // Asked once more, so that the place to go on is behind the last one shown.
  if (fitting < page.entries.length) page = await look(fitting);
  const shown = page.entries.toReversed().map((entry) => pastMessage(entry, mesh.agent.id));
  const next = page.nextBefore;
  const older = next === undefined ? [] : [`There are older ones: call check_messages again with before: "${next}".`];
  const found = `${shown.length} ${shown.length === 1 ? "message" : "messages"} of the past, oldest first.`;
  const head = `${found} Nothing here is new, and nothing was acked by it.${search === undefined ? "" : " Excerpts; thread shows a whole conversation."}`;
  return {
    text:
      shown.length === 0
        ? "No message that you sent or got fits, or it is not kept any more."
        : [head, ...shown.map(({ text }) => text), ...older, notYourUser].join("\n\n"),
    data: {
      ...(shown.length > 0 && { note: notYourUser }),
      history: shown.map(({ messageId, message, state, text }) => ({
        message_id: messageId,
        from: message.from.name,
        to: message.to,
        sent_at: message.acceptedAt,
        thread_id: message.threadId,
        state,
        text,
      })),
      ...(next !== undefined && { older_before: next }),
    },
  };
}

/** How many of the newest entries one read may hold. */
function fittingOf(entries: readonly HistoryEntry[]): number {
  let bytes = 0;
  const tooMuch = entries.findIndex(({ message, snippet }, index) => {
    bytes += snippet === undefined ? message.bodyBytes : Buffer.byteLength(snippet);
    return index > 0 && bytes > MAX_BYTES_PER_READ;
  });
  return tooMuch < 0 ? entries.length : tooMuch;
}
