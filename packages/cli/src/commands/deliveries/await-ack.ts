/** Waiting for an ack: polls one message and tells each new step of its timeline. */
import type { MeshClient } from "@agentmesh/client";
import type { DeliveryState, MessageStatus, SendReply } from "@agentmesh/protocol";
import { plainLine, quotedUnlessWord } from "@agentmesh/protocol";
import { CommandError } from "../../command-error.ts";
import { shortDuration } from "../../terminal/clock.ts";
import { print } from "../../terminal/output.ts";
import { waitFor } from "../../terminal/waiting.ts";
import { timelineLine } from "../../timeline.ts";

const POLL_MS = 250;
const ended: ReadonlySet<DeliveryState> = new Set(["acked", "dead", "expired", "cancelled", "refused"]);

/** Resolves when every delivery of the message has ended or the time is over. @throws CommandError, MeshApiError */
export async function awaitAck(
  client: MeshClient,
  sent: SendReply,
  waitMs: number,
  json: boolean,
): Promise<MessageStatus> {
  const { messageId } = sent;
  const told = new Map<string, string>();
  let last: MessageStatus | undefined;
  const settled = await waitFor({
    json,
    what: () => `the ack of ${messageId} by ${sent.deliveries.map(({ to }) => plainLine(to.name)).join(", ")}`,
    ms: waitMs,
    everyMs: POLL_MS,
    stands: () => stands(messageId),
    facts: () => ({ messageId }),
    async look({ signal, progress }) {
      last = await client.getMessage({ message: messageId }, { signal });
      for (const { id, timeline } of last.deliveries) {
        // Of a long timeline the newest steps come: what was told last may stand elsewhere, or no more.
        const before = timeline.findLastIndex((entry) => JSON.stringify(entry) === told.get(id));
        for (const entry of timeline.slice(before + 1)) if (!json) await print(timelineLine(entry));
        told.set(id, JSON.stringify(timeline.at(-1)));
      }
      progress(last.deliveries.map(({ state }) => state).join(", "));
      return last.deliveries.every(({ state }) => ended.has(state)) ? last : undefined;
    },
  });
  return settled ?? last ?? client.getMessage({ message: messageId });
}

/** Fails unless every delivery is acked. @throws CommandError */
export function requireAck({ message, deliveries }: MessageStatus, waitMs: number): void {
  const facts = { messageId: message.id };
  for (const { state, reason, to } of deliveries) {
    if (state === "acked") continue;
    const why = reason === undefined ? "" : ` (${quotedUnlessWord(reason)})`;
    const name = plainLine(to.name);
    if (ended.has(state)) {
      const detail = `${message.id} is ${state}${why}: ${name} never acked it. Its timeline: agentmesh trace ${message.id}`;
      throw new CommandError("not_acked", detail, "ended", facts);
    }
    const detail = `${name} has not acked ${message.id} within ${shortDuration(waitMs)}: it is ${state}. ${stands(message.id)}`;
    throw new CommandError("not_acked", detail, "pending", facts);
  }
}

function stands(messageId: string): string {
  return `The message stays in the inbox. What becomes of it: agentmesh trace ${messageId}. Take it back while nobody was given it: agentmesh cancel ${messageId}`;
}
