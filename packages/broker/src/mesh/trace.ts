/** A trace: a message with its deliveries, what happened to each and why it is not acked, piece by piece. */
import type { EndpointRequest, endpoints, MessageStatus, TracedDelivery } from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import { type Caller, viewerOf } from "./caller.ts";
import { unknownMessage } from "./errors.ts";
import { outlookOf } from "./outlook.ts";
import type { MessagePlace, Store } from "./store.ts";
import type { Look } from "./turns.ts";

/** Deliveries of one piece. */
const PIECE = 5;

/**
 * One page of the deliveries of a message. Of what was published, a recipient sees its own delivery; the sender and the
 * mesh key see all. @throws MeshError message_not_found, cursor_invalid
 */
export async function traceOf(
  { store, agents }: { readonly store: Store; readonly agents: Agents },
  caller: Caller,
  { messageId, sender }: MessagePlace,
  query: EndpointRequest<(typeof endpoints)["getMessage"]>["query"],
  look: Look,
): Promise<MessageStatus> {
  const viewer = viewerOf(caller);
  const seesAll = viewer === undefined || viewer === sender.id;
  const message = (await store.messageStatus(messageId))?.message;
  if (!message) throw unknownMessage(messageId);
  const deliveries: TracedDelivery[] = [];
  let nextAfter = query.after;
  do {
    await look.turn();
    const part = await store.traceMessage(messageId, {
      viewer: seesAll ? undefined : viewer,
      after: nextAfter,
      limit: Math.min(PIECE, query.limit - deliveries.length),
    });
    for (const delivery of part.deliveries) {
      await look.turn();
      const recipient = await store.findAgent(delivery.to.id);
      const decides = viewer === undefined || viewer === delivery.to.id;
      const outlook = outlookOf(message, delivery, recipient && agents.show(recipient), decides);
      deliveries.push({ ...delivery, ...(outlook && { outlook }) });
    }
    nextAfter = part.nextAfter;
  } while (nextAfter !== undefined && deliveries.length < query.limit);
  return { message, deliveries, ...(nextAfter !== undefined && { nextAfter }) };
}
