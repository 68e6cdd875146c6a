/** A broker in a process of its own, which a test can stop and let go on: does what it is told, a line for each. */
import { createInterface } from "node:readline";
import { AgentId, SessionId } from "@agentmesh/protocol";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { QUICK, RETRY } from "./postgres-brokers.ts";

const [url = "", agent = ""] = process.argv.slice(2);
const open = await openPostgres({ url, connections: 3, times: QUICK });
const store = postgresStore(open, { notice: () => {} });
const agentId = AgentId.parse(agent);
const say = (line: string) => console.log(line);
store.listen({ ready: () => {}, advanced: () => {}, seatedAnew: () => say("seated anew") });
let receipt = "";

for await (const line of createInterface({ input: process.stdin })) {
  const [what, id] = line.split(" ");
  if (what === "end") break;
  const session = SessionId.parse(id);
  if (what === "stream") {
    await store.returnStreamed(session, 0, RETRY);
    const terms = { agentId, session, max: 1, maxBytes: 1_000, leaseMs: 600_000 };
    const { leased } = await store.lease({ ...terms, stream: { maxInFlight: 1 } });
    receipt = leased[0]?.delivery.receipt ?? "";
    say(`streamed ${leased.length}`);
  }
  if (what === "late") {
    // What it had set out to do when it was stopped.
    const returned = await store.returnStreamed(session, undefined, RETRY);
    await store.doubtSession({ id: session, agentId }, 45_000, "stream_closed");
    const verdict = await store.ack(agentId, "1", receipt, "handled");
    say(`late ${returned} ${verdict.kind} ${store.isOnDuty()}`);
  }
}
await store.close();
