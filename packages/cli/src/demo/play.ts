/** Plays the recorded mesh: its agents join and answer as clients would, so that everything that is seen happens. */
import { type DeliveryHandle, MeshApiError, type MeshClient, pause } from "@agentmesh/client";
import type { AgentId } from "@agentmesh/protocol";
import type { ThrowAwayMesh } from "../selftest/throw-away-mesh.ts";
import {
  heldMail,
  lines,
  PERSON,
  questions,
  type Recorded,
  recordedAgents,
  rejected,
  ring,
  subscriptions,
} from "./recording.ts";

/** The mesh while it plays. */
export interface Playing extends AsyncDisposable {
  /** The person's agent, as whom the page writes. */
  readonly person: AgentId;
  /** Says the next line. */
  next(): Promise<void>;
}

/** Has everybody join, and brings about what waits when the page is opened. */
export async function play(mesh: ThrowAwayMesh): Promise<Playing> {
  const over = new AbortController();
  const admin = mesh.admin();
  const clients = new Map<string, MeshClient>();
  const register = async (name: string, said: object) => {
    const { agent, token = "" } = await admin.register({ name, ...said });
    clients.set(name, mesh.client(token, 0));
    return agent.id;
  };
  const person = await register(PERSON, { client: "cli", person: true });
  for (const { name, client, directory, branch, summary } of recordedAgents) {
    await register(name, { client, directory, branch, summary, repo: "/src/poker" });
  }
  const of = (name: string) => clients.get(name) ?? admin;
  for (const [name, topic] of subscriptions) await of(name).subscribe({ topic });
  await beginWith(of);
  const present = recordedAgents.filter(({ worksMs }) => worksMs !== undefined);
  const working = present.map((agent) => work(of(agent.name), agent, over.signal));
  let at = 0;
  /** The last message of each that was said, to be answered. */
  const said = new Map<string, string>();
  return {
    person,
    async next() {
      const [from, to, body, isAnswer] = lines[at++ % lines.length] ?? ["engine", "tests", "…"];
      if (to.startsWith("#")) await of(from).publish({ topic: to.slice(1), body });
      else {
        const inReplyTo = isAnswer && said.get(to);
        const { messageId } = await of(from).send(inReplyTo ? { inReplyTo, body } : { to, body });
        said.set(from, messageId);
      }
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.allSettled(working);
    },
  };
}

/** What waits for a person: dead letters, held mail, questions, one of them overdue, and a ring that was refused. */
async function beginWith(of: (name: string) => MeshClient): Promise<void> {
  for (const body of rejected.bodies) await of(rejected.from).send({ to: rejected.to, body });
  for (const { id, receipt } of (await of(rejected.to).lease()).deliveries) {
    await of(rejected.to).reject({ delivery: id, receipt, reason: rejected.reason });
  }
  await of(heldMail.to).setPolicy({ agent: "me", senders: [{ agent: heldMail.from, action: "hold" }] });
  await of(heldMail.from).send({ to: heldMail.to, body: heldMail.body });
  for (const { from, ...question } of questions) await of(from).ask({ ...question, timeoutMs: 0 });
  const { first, second, answer } = ring;
  const waits = of(first.from).ask({ to: first.to, body: first.body, timeoutMs: 20_000 });
  const [question] = (await of(first.to).lease({ waitMs: 10_000 })).deliveries;
  await of(second.from).ask({ to: second.to, body: second.body, timeoutMs: 0 }).catch(refusedRing);
  if (question) await of(first.to).send({ inReplyTo: question.id, body: answer });
  await waits;
}

function refusedRing(error: unknown): void {
  if (!(error instanceof MeshApiError) || error.code !== "would_deadlock") throw error;
}

/** Takes what comes, works on it for its time, and acks it; the question that is overdue is left as it is. */
async function work(client: MeshClient, { worksMs = 0, failing }: Recorded, signal: AbortSignal): Promise<void> {
  const pushPaths = [...(failing ? [failing] : []), { path: "stream" }];
  const left = new Set<string>(questions.map(({ body }) => body));
  const done = async (delivery: DeliveryHandle) => {
    if (left.has(delivery.body)) return;
    await pause(worksMs, signal);
    if (!signal.aborted) await delivery.ack();
  };
  for await (const delivery of client.inbox({ signal, pushPaths })) void done(delivery).catch(() => {});
}
