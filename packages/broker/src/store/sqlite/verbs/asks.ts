/** The Store's verbs on asks, and on the keys under which messages were sent. */
import type { LeasedDelivery, MessageId } from "@agentmesh/protocol";
import type { AnswerTerms, Store } from "../../../mesh/store.ts";
import { messageOf } from "../../shared/rows/rows.ts";
import { leaseRow } from "../acts/leases/taken.ts";
import { remind } from "../acts/remind.ts";
import { waiveAnswer } from "../acts/waive.ts";
import { laneOf, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { piecewise, type VerbParts } from "./parts.ts";
import { acceptedUnder, askStatus } from "./reads.ts";

/** Verbs on asks, and on the keys under which messages were sent. */
export function askVerbs({
  engine,
  context,
  peek,
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "acceptedUnder" | "askStatus" | "leaseAnswer" | "listAsks" | "remindAsks" | "waive"> {
  const { asks } = engine;
  return {
    acceptedUnder: (senderId, key) => peek(() => acceptedUnder(engine, senderId, key)),
    leaseAnswer: (messageId, terms) =>
      write(laneOf.agent(terms.agentId), () => leaseAnswer(engine, context, messageId, terms)),
    askStatus: (messageId) => read(() => askStatus(engine, messageId, context.clock.now())),
    listAsks: (side, agentId, limit, turn) => piecewise({ peek, read }, asks.list(side, agentId, limit), turn),
    remindAsks: async (notices, limit) => {
      if (!(await peek(() => engine.due.asks()))) return 0;
      const rounds = await writeSliced(laneOf.care, remind(engine, context, notices, limit));
      return sum(rounds.map(({ asks }) => asks));
    },
    waive: (messageId, asker, terms) =>
      write(laneOf.owner(asker), () => waiveAnswer(engine, context, messageId, asker, terms)),
  };
}

/** Leases the answer to an ask, whatever its delay, for whoever asked. */
function leaseAnswer(
  engine: Engine,
  { clock }: EngineContext,
  ask: MessageId,
  terms: AnswerTerms,
): LeasedDelivery | undefined {
  const { asks, deliveries, sessions, damage } = engine;
  const pk = asks.one(ask)?.reply_delivery_pk ?? undefined;
  const row = pk === undefined ? undefined : deliveries.byPk(pk);
  if (row?.recipient_id !== terms.agentId || row.state !== "queued" || row.expires_at <= clock.now()) return undefined;
  if (terms.session !== undefined && !sessions.holder(terms.session)) return undefined;
  const message = messageOf(row);
  if (!message.damaged) return leaseRow(engine, row, message, { ...terms, isStreamed: false }).delivery;
  damage.note(row.message_pk);
  return undefined;
}
