/** The Store's verbs on asks, and on the keys under which messages were sent. */
import type { Store } from "../../../mesh/store.ts";
import { remind } from "../acts/remind.ts";
import { laneOf, sum } from "../commits/slices.ts";
import { piecewise, type VerbParts } from "./parts.ts";
import { acceptedUnder, askStatus } from "./reads.ts";

/** Verbs on asks, and on the keys under which messages were sent. */
export function askVerbs({
  engine,
  context,
  peek,
  read,
  writeSliced,
}: VerbParts): Pick<Store, "acceptedUnder" | "askStatus" | "listAsks" | "remindAsks"> {
  const { asks } = engine;
  return {
    acceptedUnder: (senderId, key) => peek(() => acceptedUnder(engine, senderId, key)),
    askStatus: (messageId) => read(() => askStatus(engine, messageId, context.clock.now())),
    listAsks: (side, agentId, limit, turn) => piecewise({ peek, read }, asks.list(side, agentId, limit), turn),
    remindAsks: async (notices, limit) => {
      if (!(await peek(() => engine.due.asks()))) return 0;
      const rounds = await writeSliced(laneOf.care, remind(engine, context, notices, limit));
      return sum(rounds.map(({ asks }) => asks));
    },
  };
}
