/** Tool check_messages: reads what waits, pushed or not, and acks it once the client has the answer. */
import { DeliveryHandle } from "@agentmesh/client";
import { MAX_BYTES_PER_READ, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import { z } from "zod";
import type { JoinedSession } from "../join.ts";
import { renderDelivery } from "../render.ts";
import { tool } from "./tool.ts";

/** Long enough for the answer to be written and the ack to be made, in milliseconds. */
const LEASE_MS = 60_000;

/** Shows waiting messages in inbox order. */
export const checkMessages = tool({
  name: "check_messages",
  description:
    "Read the messages that wait for you, oldest first, including those already shown to you and not answered. They count as read afterwards.",
  annotations: { title: "Read messages", readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  input: z.strictObject({}),
  async run(session, _, signal) {
    const { shown, more } = await takeWaiting(session, signal);
    session.resumePush();
    const wait = more === 0 ? [] : [`${more} more wait: call check_messages again.`];
    return {
      text:
        shown.length === 0
          ? ["No message waits for you.", ...wait].join(" ")
          : [`${count(shown.length)}, oldest first.`, ...shown.map(renderDelivery), ...wait].join("\n\n"),
      data: {
        messages: shown.map((handle) => ({
          message_id: String(handle.seq),
          from: handle.from,
          sent_at: handle.message.acceptedAt,
          thread_id: handle.message.threadId,
          ...(handle.redelivered && { redelivered: true }),
          text: renderDelivery(handle),
        })),
        more_waiting: more,
      },
      settle: (written) => settle(session, shown, written),
    };
  },
});

/** The deliveries in hand, then leased ones, cut to what one read may hold; what is cut off stays in hand. */
async function takeWaiting(
  { client, mesh, held }: JoinedSession,
  signal: AbortSignal,
): Promise<{ shown: DeliveryHandle[]; more: number }> {
  const inHand = held.takeAll();
  let leased: { deliveries: DeliveryHandle[]; queued: number };
  try {
    const max = Math.max(1, MAX_DELIVERIES_PER_READ - inHand.length);
    const reply = await client.lease({ max, leaseMs: LEASE_MS, session: mesh.id }, { signal });
    leased = { ...reply, deliveries: reply.deliveries.map((delivery) => new DeliveryHandle(client, delivery)) };
  } catch (error) {
    for (const handle of inHand) held.hold(handle, LEASE_MS);
    throw error;
  }
  const byId = new Map([...inHand, ...leased.deliveries].map((handle) => [handle.id, handle]));
  const all = [...byId.values()].sort((a, b) => a.seq - b.seq);
  let bytes = 0;
  const cut = all.findIndex((handle, index) => {
    bytes += handle.message.bodyBytes;
    return index > 0 && (index >= MAX_DELIVERIES_PER_READ || bytes > MAX_BYTES_PER_READ);
  });
  const rest = cut === -1 ? [] : all.splice(cut);
  for (const handle of rest) held.hold(handle, LEASE_MS);
  return { shown: all, more: leased.queued + rest.length };
}

/** Acks what the client was given; what it was not given, or what cannot be acked now, is shown again. */
async function settle(session: JoinedSession, shown: readonly DeliveryHandle[], written: boolean): Promise<void> {
  const { held, log } = session;
  await Promise.all(
    shown.map(async (handle) => {
      try {
        if (!written) throw new Error("the answer did not reach the client");
        held.readElsewhere(handle.id);
        await handle.ack("read");
      } catch (error) {
        held.hold(handle, LEASE_MS);
        log.warn("ack.failed", { delivery: handle.id, error });
      }
    }),
  );
}

function count(messages: number): string {
  return messages === 1 ? "1 message" : `${messages} messages`;
}
