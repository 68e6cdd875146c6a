/** The Store's verbs on the predecessor's peers. */
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on the predecessor's peers. */
export function legacyVerbs({ engine, read, write }: VerbParts): Pick<Store, "keepLegacyPeer" | "listLegacyPeers"> {
  return {
    keepLegacyPeer: (peer) => write(laneOf.agent(peer.agentId), () => engine.legacyPeers.put(peer)),
    listLegacyPeers: () => read(engine.legacyPeers.all),
  };
}
