/** Waiting for an ack: polls one message and tells each new step of its timeline. */

import { type MeshClient, pause } from "@agentmesh/client";
import type { DeliveryState, MessageId, MessageStatus } from "@agentmesh/protocol";
import { plainLine, quotedUnlessWord } from "@agentmesh/protocol";
import { CommandError } from "../command-error.ts";
import { shortDuration } from "../duration.ts";
import { timelineLine } from "../timeline.ts";

const POLL_MS = 250;
const ended: ReadonlySet<DeliveryState> = new Set(["acked", "dead", "expired", "cancelled", "refused"]);

/** Resolves when every delivery of the message has ended or the time is over. @throws MeshApiError, BrokerUnreachableError */
export async function awaitAck(
  client: MeshClient,
  message: MessageId,
  waitMs: number,
  tell: (line: string) => unknown,
): Promise<MessageStatus> {
  const deadline = performance.now() + waitMs;
  const told = new Map<string, string>();
  for (;;) {
    const status = await client.getMessage({ message });
    for (const { id, timeline } of status.deliveries) {
      // Of a long timeline the newest steps come: what was told last may stand elsewhere, or no more.
      const last = timeline.findLastIndex((entry) => JSON.stringify(entry) === told.get(id));
      for (const entry of timeline.slice(last + 1)) await tell(timelineLine(entry));
      told.set(id, JSON.stringify(timeline.at(-1)));
    }
    if (status.deliveries.every(({ state }) => ended.has(state)) || performance.now() >= deadline) return status;
    await pause(Math.min(POLL_MS, deadline - performance.now()));
  }
}

/** Fails unless every delivery is acked. @throws CommandError */
export function requireAck({ message, deliveries }: MessageStatus, waitMs: number): void {
  for (const { state, reason, to } of deliveries) {
    if (state === "acked") continue;
    const why = reason === undefined ? "" : ` (${quotedUnlessWord(reason)})`;
    const name = plainLine(to.name);
    throw new CommandError(
      "not_acked",
      ended.has(state)
        ? `${message.id} is ${state}${why}: ${name} never acked it. Its timeline: agentmesh log --message ${message.id}`
        : `${name} has not acked ${message.id} within ${shortDuration(waitMs)}: it is ${state} and stays in the inbox. Later: agentmesh log --message ${message.id}`,
    );
  }
}
