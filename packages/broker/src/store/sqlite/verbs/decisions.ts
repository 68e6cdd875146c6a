/** The Store's verbs of an inbox's owner on what is not on its way: held, or dead. */
import type { Store } from "../../../mesh/store.ts";
import { allTaken } from "../../shared/decisions.ts";
import { admitHeld, cancelMessage, dismissDelivery, onHeld, redriveDelivery } from "../acts/decisions.ts";
import { endUnacked } from "../acts/end.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";
import { deadPage } from "./reads.ts";

/** Verbs of an inbox's owner on what is not on its way: held, or dead. */
export function decisionVerbs({
  engine,
  context,
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "cancel" | "admit" | "refuse" | "redrive" | "dismiss" | "listDead"> {
  return {
    cancel: async (messageId, senderId) =>
      allTaken(await writeSliced(laneOf.sends(senderId), cancelMessage(engine, messageId, senderId))),
    admit: (owner, ref) => write(laneOf.owner(owner), () => admitHeld(engine, context, owner, ref)),
    refuse: (owner, ref, { reason, bounce }) =>
      write(laneOf.owner(owner), () =>
        onHeld(engine, owner, ref, ({ pk }) =>
          endUnacked(engine, context, pk, { state: "refused", event: "refused", reason, bounce }),
        ),
      ),
    redrive: (owner, ref, quota) =>
      write(laneOf.owner(owner), () => redriveDelivery(engine, context, owner, ref, quota)),
    dismiss: (owner, ref) => write(laneOf.owner(owner), () => dismissDelivery(engine, owner, ref)),
    listDead: (query) => read(() => deadPage(engine, query, context.clock.now())),
  };
}
