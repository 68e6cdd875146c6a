/** What is proven of every client, in the same steps, by what the stub model was shown and the broker's timeline. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "@agentmesh/client";
import type { Agent } from "@agentmesh/protocol";
import { type TestAgent, type TestBroker, until } from "testkit";
import type { Client, ClientSession, Site } from "./client.ts";
import { Steps, type Tell } from "./steps.ts";
import type { ModelRequest } from "./stubs/stub-server.ts";

const SHOWN_WITHIN_MS = 60_000;
const ACKED_WITHIN_MS = 30_000;
const BUSY_MS = 4_000;

/** How often the servers are listed, and how many listings may be under way. */
const LISTS = 60;
const MOST_LISTS = 4;

/** Sets the client up, and proves what it can. `configure` gives it the mesh. Never throws. */
export async function prove(client: Client, site: Site, configure: () => Promise<string>, tell: Tell): Promise<void> {
  const { broker, sandbox } = site;
  const steps = new Steps(tell, async (step) => {
    const screen = await session?.screen?.();
    if (screen !== undefined) writeFileSync(join(sandbox.logs, `screen at ${step}.txt`), screen);
  });
  const person = await broker.agent("person");
  let session: ClientSession | undefined;
  let agent: Agent | undefined;

  /** What a user does whose client looks for mail only then. */
  const nudge = async () => {
    if (client.whenIdle === "with the next prompt") await needed(session).prompt("look for news");
  };

  await steps.step("configured", async () => {
    await client.prepare(site);
    return configure();
  });
  const { list } = client;
  if (list) await steps.step("lists", () => listed(site, () => list(site)));
  await steps.step("calls tools", async () => {
    session = await client.start(site);
    await session.prompt('CALL:send_message {"to":"person","message":"hello from the client"}');
    const hello = await received(person, "hello from the client");
    agent = await person.client.getAgent({ agent: hello.from });
    await client.connect?.(site, agent.name);
    return `the broker has a message of ${agent.name} (${agent.client ?? "no client named"})`;
  });
  if (client.canary) {
    await steps.step("proven", async () => {
      const { name } = needed(agent);
      const proven = async () =>
        (await broker.admin.getAgent({ agent: name })).pushPaths.find(({ provenAt }) => provenAt);
      return `${(await until(proven, "a canary to prove a push path", ACKED_WITHIN_MS)).path}, before any message`;
    });
  }
  await steps.step("idle", async () => {
    await idle(site);
    return brought(site, person, needed(agent), { nudge });
  });
  await steps.step("busy", async () => {
    await idle(site);
    const since = performance.now();
    await needed(session).prompt(`take your time, SLEEP:${BUSY_MS}${client.busyWith ?? ""}`);
    const step = await until(
      () => site.model.shown(`SLEEP:${BUSY_MS}`, since),
      "the busy step to begin",
      SHOWN_WITHIN_MS,
    );
    return brought(site, person, needed(agent), { during: step });
  });
  await steps.step("answers", async () => {
    await idle(site);
    const word = `pong-${randomUUID().slice(0, 8)}`;
    const seen = await brought(site, person, needed(agent), { nudge, more: `REPLY:${word}` });
    await received(person, word);
    return seen;
  });
  if (client.dropsWhenStopped) {
    await steps.step("stopped", async () => {
      await idle(site);
      const since = performance.now();
      const { prompt, stop } = needed(session);
      await prompt(`think of something else, SLEEP:${2 * BUSY_MS}`);
      await until(() => site.model.shown(`SLEEP:${2 * BUSY_MS}`, since), "the step to begin", SHOWN_WITHIN_MS);
      return brought(site, person, needed(agent), { stop });
    });
  }
  await steps.step("leaves", async () => {
    await session?.end();
    const { name } = needed(agent);
    const began = performance.now();
    const gone = () => until(async () => !(await isOnline(broker, name)), `${name} to be no longer online`, 10_000);
    if (client.lingers === undefined) await gone();
    const ms = Math.round(performance.now() - began);
    const killed = await sandbox.end();
    await gone();
    const rest = killed.length === 0 ? "nothing was left running" : `had to be killed: ${killed.join("; ")}`;
    if (client.lingers !== undefined) return `stays online: ${client.lingers}; ${rest}`;
    return `no longer online ${ms} ms after; ${rest}`;
  });
}

interface How {
  /** Done after the send. */
  nudge?(): Promise<void>;
  /** Stops the model; done when the message has been pushed. */
  stop?: (() => Promise<void>) | undefined;
  /** What the message says beside its word. */
  readonly more?: string;
  /** The step the model is busy with: the time counts from its end. */
  readonly during?: ModelRequest;
}

/** Sends, and waits until the model was shown it and the sender's trace says that it was acked. */
async function brought(
  site: Site,
  person: TestAgent,
  agent: Agent,
  { nudge, stop, more = "", during }: How,
): Promise<{ detail: string; shownMs: number }> {
  const word = `word-${randomUUID().slice(0, 8)}`;
  const since = performance.now();
  const { messageId } = await person.client.send({ to: agent.name, body: `${word} ${more}` });
  const sent = performance.now();
  await nudge?.();
  if (stop) {
    await until(async () => (await trace(person, messageId)).includes("pushed"), "the push", SHOWN_WITHIN_MS);
    await stop();
  }
  const request = await until(() => site.model.shown(word, since), "the model to be shown it", SHOWN_WITHIN_MS).catch(
    async (error: unknown) => {
      throw new Error(`${String(error)}; the trace: ${await trace(person, messageId)}`);
    },
  );
  let last = "";
  const evidence = await until(
    async () => {
      last = await trace(person, messageId);
      return / acked \((\w+)\)/.exec(last)?.[1];
    },
    "the ack",
    ACKED_WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; the trace: ${last}`);
  });
  return {
    detail: `acked (${evidence}): ${last}`,
    shownMs: shownAfter(request, Math.max(sent, during?.answeredAt ?? 0)),
  };
}

/** Lists the servers once a second for a minute: a session of a moment may leave no process and no agent. */
async function listed({ broker, sandbox }: Site, list: () => Promise<void>): Promise<string> {
  const agents = async () => (await broker.admin.listAgents({ presence: "all" })).total;
  const before = await agents();
  const under = new Set<Promise<void>>();
  const all: Promise<void>[] = [];
  for (let n = 0; n < LISTS; n++) {
    const one = list().finally(() => under.delete(one));
    one.catch(() => undefined);
    under.add(one);
    all.push(one);
    await pause(1_000);
    if (under.size >= MOST_LISTS) await Promise.race(under);
  }
  await Promise.all(all);
  await until(() => sandbox.running().length === 0, "what the listing has started to end", 5_000).catch(() => {
    throw new Error(`still running: ${sandbox.running().join("; ")}`);
  });
  const made = (await agents()) - before;
  if (made > 0) throw new Error(`${made} agents are listed that were never there`);
  return `${LISTS} times, once a second: no process left, no agent listed`;
}

function shownAfter(request: ModelRequest, from: number): number {
  return Math.max(0, Math.round(request.at - from));
}

/** The sender's view of a message, in one line. */
async function trace(person: TestAgent, message: `msg_${string}`): Promise<string> {
  const [delivery] = (await person.client.getMessage({ message })).deliveries;
  const entries = delivery?.timeline.map(({ event, path, reason }) => {
    const more = path ?? reason;
    return more === undefined ? event : `${event} (${more})`;
  });
  return ` ${entries?.join(", ")}`;
}

/** Waits for a message that holds this text, and acks it; returns its sender's name. */
async function received(person: TestAgent, text: string): Promise<{ from: string }> {
  return until(
    async () => {
      for (const delivery of (await person.client.lease({ waitMs: 1_000 })).deliveries) {
        await person.client.ack({ delivery: delivery.id });
        if (delivery.message.body.includes(text)) return { from: delivery.message.from.name };
      }
      return undefined;
    },
    `a message with "${text}"`,
    SHOWN_WITHIN_MS,
  );
}

/** Waits until the model was asked nothing for a second: the turn is over. */
async function idle({ model }: Site): Promise<void> {
  await until(
    () => model.pending === 0 && performance.now() - model.quietSince > 1_000,
    "the client to be idle",
    SHOWN_WITHIN_MS,
  );
}

async function isOnline(broker: TestBroker, name: string): Promise<boolean> {
  return (await broker.admin.getAgent({ agent: name })).presence === "online";
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an earlier step has failed");
  return value;
}
