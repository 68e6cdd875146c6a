/** The Store's verbs on the predecessor's peers. */
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on the predecessor's peers. */
export function legacyVerbs({ read, write }: VerbParts): Pick<Store, "keepLegacyPeer" | "listLegacyPeers"> {
  return {
    keepLegacyPeer: (peer) =>
      write(laneOf.agent(peer.agentId), async ({ legacyPeers }) => {
        await legacyPeers.put(peer);
      }),
    listLegacyPeers: () => read(({ legacyPeers }) => legacyPeers.all()),
  };
}
