/** Mutants of the Postgres engine's own: its SQL, its locks, its commits, and what its brokers are to each other. */
import type { Store } from "../../../src/mesh/store.ts";
import type { Seat } from "../../../src/store/postgres/database/seat.ts";
import type { SoundStore } from "../mutants/mutant.ts";
import { instead, type Rewrite } from "./rewritten.ts";
import type { SpoiledSeat } from "./world.ts";

/** A broken engine; `spoil` is called once per run, what it returns at each start of each broker. */
export interface PostgresMutant {
  readonly name: string;
  readonly spoil?: () => (sound: SoundStore) => Partial<Store>;
  /** Called for each transaction. */
  readonly rewrite?: () => Rewrite;
  /** Called for each broker at each start. */
  readonly seat?: (seat: Seat) => SpoiledSeat;
  /** Commands that come more often when it is looked for. */
  readonly often?: readonly string[] | undefined;
}

function sql(name: string, of: string, there: string, often?: readonly string[]): PostgresMutant {
  return { name, rewrite: () => instead(of, there), often };
}

/** One in so many acts that were answered is not committed. */
function oneIn(n: number): () => Rewrite {
  let acts = 0;
  return () => {
    let isLost = false;
    return (text) => {
      if (text.includes("READ COMMITTED")) isLost = ++acts % n === 0;
      return text === "COMMIT" && isLost ? "ROLLBACK" : text;
    };
  };
}

function everySecond(call: Seat["call"]): SpoiledSeat {
  let calls = 0;
  return { call: (payload) => (++calls % 2 === 0 ? Promise.resolve() : call(payload)) };
}

const STREAMS = ["open a stream", "send several", "ack"];
const TOGETHER = ["send many at once", "send several", "send", "lease", "ack"];

export const postgresMutants: readonly PostgresMutant[] = [
  { name: "some acts that were answered are not committed", rewrite: oneIn(40) },
  sql("inboxes are not locked", "ORDER BY pk FOR NO KEY UPDATE", "ORDER BY pk", TOGETHER),
  sql(
    "what is leased is leased again",
    "WHERE d.agent_pk = $1 AND d.state = 'queued'",
    "WHERE d.agent_pk = $1 AND d.state IN ('queued', 'leased')",
  ),
  sql("the newest is leased first", "ORDER BY d.rank, d.seq LIMIT", "ORDER BY d.rank, d.seq DESC LIMIT"),
  sql("what is urgent waits its turn", "ORDER BY d.rank, d.seq LIMIT", "ORDER BY d.seq LIMIT"),
  sql("a message is leased past its life", "AND d.expires_at > $2\n", "AND ($2::BIGINT IS NOT NULL)\n"),
  sql("a delay keeps nobody", "(d.ready_at <= $2 OR ", "(TRUE OR ", ["nack", "lease"]),
  sql("an fyi does not rest", "AND d.urgency >= $4", "AND ($4::BIGINT IS NOT NULL)", STREAMS),
  sql(
    "an ack keeps its delivery queued",
    "UPDATE delivery SET state = $1, reason = $2, ended_at = $3,",
    "UPDATE delivery SET state = CASE WHEN pk % 5 = 0 AND $1 = 'acked' THEN 'queued' ELSE $1 END, reason = $2, ended_at = CASE WHEN pk % 5 = 0 AND $1 = 'acked' THEN NULL ELSE $3::BIGINT END,",
    ["ack"],
  ),
  sql(
    "a failure is not counted",
    "SET state = 'queued', failures = $1,",
    "SET state = 'queued', failures = LEAST(1, $1::BIGINT),",
    ["nack", "lease"],
  ),
  sql("a key is forgotten", "AND i.expires_at > $3", "AND i.expires_at > $3 AND i.message_pk % 2 = 0", ["send"]),
  sql(
    "a number is left out",
    "SET next_seq = next_seq + 1",
    "SET next_seq = next_seq + 1 + (next_seq % 7 = 0)::INTEGER",
  ),
  sql(
    "of many acks one keeps its delivery leased",
    "AS x (pk, evidence) WHERE d.pk = x.pk",
    "AS x (pk, evidence) WHERE d.pk = x.pk AND d.pk % 5 > 0",
    ["stream and end", ...STREAMS],
  ),
  sql(
    "of many keys one is forgotten",
    "c.message - $1::BIGINT + x.n, x.until",
    "c.message - $1::BIGINT + x.n, CASE WHEN c.message % 2 = 0 THEN 0 ELSE x.until END",
    ["send"],
  ),
  sql(
    "of the numbers of many one is left out",
    "SET next_seq = a.next_seq + x.numbers,",
    "SET next_seq = a.next_seq + x.numbers + (a.next_seq % 3 = 0)::INTEGER,",
    TOGETHER,
  ),
  sql("what many acts move is counted twice", "agentmesh.counted = 'by act'", "agentmesh.counted = ''", TOGETHER),
  sql(
    "what is done behind many acts is not counted",
    "SET LOCAL agentmesh.counted = ''",
    "SET LOCAL agentmesh.counted = 'by act'",
    TOGETHER,
  ),
  sql("a refused act takes its neighbours along", "ROLLBACK TO one; RELEASE one", "ROLLBACK; BEGIN", TOGETHER),
  sql(
    "a stream is given more than it takes in hand",
    "WHERE d.session_id = s.id AND d.state = 'leased' AND d.stream_position IS NOT NULL)",
    "WHERE d.session_id = s.id AND d.state = 'leased' AND d.stream_position IS NULL)",
    STREAMS,
  ),
  sql(
    "what a session held stays leased when it ends",
    "WHERE d.session_id = ANY ($1::TEXT[]) AND d.state = 'leased'",
    "WHERE d.session_id = ANY ($1::TEXT[]) AND d.state = 'leased' AND d.pk % 3 > 0",
    ["stream and end"],
  ),
  sql(
    "what earlier brokers leased stays leased",
    `WHERE d.state = 'leased' ORDER BY d.pk LIMIT $1`,
    `WHERE d.state = 'leased' AND d.pk % 3 > 0 ORDER BY d.pk LIMIT $1`,
    ["restart under a lease"],
  ),
  sql(
    "a heartbeat does not make a session younger",
    "UPDATE session SET seen_at = $1, beat_at = $1,",
    "UPDATE session SET beat_at = $1,",
    ["heartbeat"],
  ),
  sql("silence is not noticed", "UPDATE session SET silent = 1", "UPDATE session SET silent = 0", [
    "stream and stop reading",
  ]),
  sql(
    "who unsubscribed gets what is published",
    "DELETE FROM subscription WHERE agent_pk = $1 AND pattern = $2",
    "UPDATE subscription SET since = since WHERE agent_pk = $1 AND pattern = $2",
    ["unsubscribe", "publish"],
  ),
  sql(
    "a redriven dead letter keeps its failures",
    "SET state = 'queued', failures = 0, ready_at = 0,",
    "SET state = 'queued', ready_at = 0,",
    ["redrive", "nack"],
  ),
  {
    name: "nobody is told that something waits",
    spoil:
      () =>
      ({ store }) => ({ listen: (to) => store.listen({ ...to, ready: () => {} }) }),
  },
  {
    name: "nobody is told that the log grew",
    spoil:
      () =>
      ({ store }) => ({ listen: (to) => store.listen({ ...to, advanced: () => {} }) }),
  },
  { name: "brokers do not call to each other", seat: () => ({ call: async () => {} }) },
  { name: "every second call is lost", seat: ({ call }) => everySecond(call) },
  {
    name: "who starts beside others takes back what is leased",
    seat: () => ({ isFirst: true }),
    often: ["restart one broker", "lease"],
  },
  {
    name: "one who starts alone leaves what is leased with those who are gone",
    seat: () => ({ isFirst: false }),
    often: ["restart under a lease"],
  },
];
