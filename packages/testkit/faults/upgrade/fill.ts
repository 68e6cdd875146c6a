/** Fills a mesh with one and many of everything that the oldest build has: each state, each way a message ends. */
import { Answers, type Call } from "./call.ts";

const AGENTS = 40;
const MESSAGES = 2_000;
const PUBLISHED = 60;
const WITH_SESSIONS = 12;
const HOUR_MS = 3_600_000;
const SHORTEST_LIFE_MS = 1_000;

interface Agent {
  readonly name: string;
  readonly token: string;
}

/** Does it over `call`, with the mesh key. */
export async function fill(call: Call, key: string): Promise<void> {
  const agents: Agent[] = [];
  for (let i = 0; i < AGENTS; i++) {
    const name = `agent-${i}`;
    const made = await call("POST", "/v1/agents", key, { name, summary: `works on ☃ ${i}` });
    agents.push({ name, token: Answers.agent.parse(made).token });
  }
  const agent = (i: number): Agent => {
    const found = agents[i % AGENTS];
    if (!found) throw new Error(`no agent ${i}`);
    return found;
  };
  const sent = await send(call, agent);
  await publish(call, agent);
  await hold(call, agent);
  for (let i = 0; i < WITH_SESSIONS; i++) await receive(call, agent(i));
  for (const { message, from } of sent.filter(({ to }) => to >= 22).slice(0, 40)) {
    await call("POST", `/v1/messages/${message}/cancel`, agent(from).token);
  }
  for (let i = 0; i < 10; i++) {
    const ask = { to: agent(i).name, body: `asked ${i}?`, waitMs: 0, answerWithinMs: HOUR_MS };
    await call("POST", "/v1/asks", agent(20 + i).token, ask);
  }
  for (let i = 25; i < 28; i++) {
    await call("PUT", `/v1/agents/${agent(i).name}/webhook`, agent(i).token, { url: "http://127.0.0.1:17999/nobody" });
  }
  await call("PUT", `/v1/agents/${agent(5).name}/focus`, agent(5).token, { forMs: HOUR_MS, reason: "deep work" });
  for (let i = 38; i < AGENTS; i++) await call("DELETE", `/v1/agents/${agent(i).name}`, agent(i).token);
}

type AgentOf = (i: number) => Agent;

async function send(call: Call, agent: AgentOf) {
  const sent: { message: string; from: number; to: number }[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const [from, to] = [i % AGENTS, (i * 7 + 1 + Math.floor(i / AGENTS)) % AGENTS];
    const reply = await call("POST", "/v1/messages", agent(from).token, {
      to: agent(to).name,
      body: `message ${i} ${"word ".repeat(i % 200)}"quoted" ünï ☃`,
      urgency: ["fyi", "normal", "interrupt"][i % 3],
      ...(i % 10 === 0 && { idempotencyKey: `key-${i}` }),
      ...(i % 500 === 0 && { ttlMs: SHORTEST_LIFE_MS }),
    });
    sent.push({ message: Answers.sent.parse(reply).messageId, from, to });
  }
  return sent;
}

async function publish(call: Call, agent: AgentOf): Promise<void> {
  for (let i = 0; i < AGENTS / 2; i++) {
    await call("POST", "/v1/subscriptions", agent(i).token, { topic: i % 2 === 0 ? "deploy.>" : "build.*" });
  }
  for (let i = 0; i < PUBLISHED; i++) {
    const topic = i % 2 === 0 ? "deploy.eu.west" : "build.api";
    await call("POST", `/v1/topics/${topic}/messages`, agent(30 + (i % 5)).token, { body: `published ${i}` });
  }
}

/** Some hold what comes for them; one of these decides about a few. */
async function hold(call: Call, agent: AgentOf): Promise<void> {
  for (let i = 35; i < 38; i++) {
    await call("PUT", `/v1/agents/${agent(i).name}/policy`, agent(i).token, { otherwise: "hold" });
    for (let n = 0; n < 10; n++) {
      await call("POST", "/v1/messages", agent(n).token, { to: agent(i).name, body: `held ${n}` });
    }
  }
  const { entries } = Answers.held.parse(await call("GET", "/v1/inbox?state=held", agent(35).token));
  for (const [i, { id }] of entries.slice(0, 4).entries()) {
    await call("POST", `/v1/deliveries/${id}/${i % 2 === 0 ? "admit" : "refuse"}`, agent(35).token, {});
  }
}

/** A session that leases and does with each delivery something else; some it keeps. */
async function receive(call: Call, { token }: Agent): Promise<void> {
  const opened = await call("POST", "/v1/sessions", token, { pushPaths: [{ path: "stream" }] });
  const session = Answers.session.parse(opened).session.id;
  for (let turn = 0; turn < 3; turn++) {
    const reply = await call("POST", "/v1/inbox/lease", token, { session, leaseMs: 600_000 });
    for (const [i, { id, receipt, message }] of Answers.leased.parse(reply).deliveries.entries()) {
      const about = (verb: string, more: object) =>
        call("POST", `/v1/deliveries/${id}/${verb}`, token, { receipt, ...more });
      const doing = [
        () => about("ack", { evidence: "read" }),
        () => about("nack", { reason: "not now" }),
        () => about("reject", { reason: "cannot read it" }),
        () => about("push", { path: "stream" }),
        () => call("POST", "/v1/messages", token, { inReplyTo: message.id, body: `answer ${i}` }),
        async () => undefined,
      ];
      await doing[i % doing.length]?.();
    }
  }
}
