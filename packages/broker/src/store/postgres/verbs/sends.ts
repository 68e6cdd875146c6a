/** The Store's verbs that accept messages, and look at asks. */
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { accept } from "../acts/send.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on what is sent. */
export function sendVerbs({ read, send }: VerbParts): Pick<Store, "enqueue" | "acceptedUnder"> {
  return {
    enqueue: (message, quota) =>
      send(laneOf.sends(message.senderId), { message, quota }, (engine, context) =>
        accept(engine, context, message, quota),
      ),
    /** The recipient as it was then, also when it has left. */
    acceptedUnder: (senderId, key) =>
      read(async ({ agents, deliveries, messages }) => {
        const messageId = (await messages.keyInUse((await agents.row(senderId))?.pk ?? 0, key))?.message_id;
        if (messageId === undefined) return undefined;
        const first = await deliveries.firstOf(messageId);
        const direct = first && first.topic === null;
        return { messageId, recipient: direct ? { id: first.recipient_id, name: first.recipient_name } : undefined };
      }),
  };
}
