/** Events of MCP by webhooks: the AI SDK's client subscribes and reads what it is posted; hostile and failing receivers are written by hand. */

import { join } from "node:path";
import {
  createMCPClient,
  experimental_createMCPEventWebhook as createMCPEventWebhook,
  type Experimental_MCPEvent as MCPEvent,
  type Experimental_MCPEventSubscription as MCPEventSubscription,
} from "@ai-sdk/mcp";
import { openWebhookReceiver, type Posted, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { driver } from "./store/drivers.ts";

let broker: TestBroker;
let eve: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker({ args: ["--mcp-events", "--webhook-timeout-ms", "700"] });
  eve = await broker.agent("eve");
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A client of the library with its receiver, as an application has them. */
async function application(name: string) {
  const { token } = await broker.agent(name);
  const kept = new Map<string, MCPEventSubscription>();
  const store = {
    get: async (key: string) => kept.get(key),
    getById: async (id: string) => [...kept.values()].find((each) => each.id === id),
    set: async (each: MCPEventSubscription) => void kept.set(each.key, each),
    update: async (key: string, patch: Partial<MCPEventSubscription>) => {
      const before = kept.get(key);
      if (before) kept.set(key, { ...before, ...patch });
    },
    delete: async (key: string) => void kept.delete(key),
  };
  const events: MCPEvent[] = [];
  const ends: number[] = [];
  const gaps: string[] = [];
  const take = createMCPEventWebhook({
    store,
    onEvent: async ({ event }) => void events.push(event),
    onGap: async ({ gap }) => void gaps.push(gap.cursor),
    onTerminated: async ({ termination }) => void ends.push(termination.error.code),
  });
  let isDown = false;
  const receiver = await openWebhookReceiver(async ({ path, headers, body }: Posted, response) => {
    if (isDown) return response.writeHead(503).end();
    const given = Object.entries(headers).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : []));
    const request = new Request(`http://127.0.0.1${path}`, {
      method: "POST",
      body,
      headers: Object.fromEntries(given),
    });
    const answer = await take(request);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  const client = await createMCPClient({
    transport: { type: "http", url: `${broker.url}/mcp`, headers: { authorization: `Bearer ${token}` } },
    experimental_events: { store },
  });
  return {
    ...{ kept, events, ends, gaps, receiver, token, mcp: client.experimental_events },
    begins: () => events.map(({ data }) => data.begins),
    subscribe: (more: { name?: string; ttlMs?: number } = {}) =>
      client.experimental_events.subscribe({
        ...{ name: "message.received", ...more },
        delivery: { mode: "webhook", url: receiver.url, allowInsecureLocalhost: true },
      }),
    down: (is: boolean) => {
      isDown = is;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const kindOf = ({ body }: Posted) => z.looseObject({ type: z.string().optional() }).parse(JSON.parse(body)).type;

test("a public client lists, subscribes, answers the challenge, and takes what it is posted, in order", async () => {
  await using app = await application("reader");
  const { events } = await app.mcp.list();
  expect(events.map(({ name, delivery }) => [name, delivery])).toEqual([
    ["message.received", ["poll", "push", "webhook"]],
    ["message.ended", ["poll", "push", "webhook"]],
  ]);
  const granted = await app.subscribe();
  expect(granted).toMatchObject({ id: expect.stringMatching(/^sub_[0-9a-f]{32}$/), truncated: false });
  expect(app.receiver.posts.map(kindOf)).toEqual(["verification"]);
  for (const body of ["1", "2", "3"]) await eve.client.send({ to: "reader", body });
  await until(() => app.events.length === 3, "three events");
  expect(app.begins()).toEqual(["1", "2", "3"]);
  expect(app.receiver.posts.at(-1)?.headers).toMatchObject({
    "x-mcp-subscription-id": granted.id,
    "webhook-id": app.events[2]?.eventId,
  });
  // An event acks nothing.
  expect((await broker.client(app.token).lease()).deliveries).toHaveLength(3);
});

test("a refresh keeps id and cursor, rotates nothing unasked, and asks for no second challenge; after an unsubscribe nothing is posted", async () => {
  await using app = await application("keeper");
  const { id, refreshBefore } = await app.subscribe({ ttlMs: 60_000 });
  await eve.client.send({ to: "keeper", body: "before" });
  await until(() => app.events.length === 1, "the event");
  const again = await app.mcp.refresh({ id });
  expect(again).toMatchObject({ id, truncated: false, deliveryStatus: { active: true, lastError: null } });
  expect(Date.parse(again.refreshBefore ?? "")).toBeGreaterThan(Date.parse(refreshBefore ?? ""));
  await eve.client.send({ to: "keeper", body: "after" });
  await until(() => app.events.length === 2, "the event after the refresh");
  expect(app.receiver.posts.map(kindOf)).toEqual(["verification", undefined, undefined]);
  await app.mcp.unsubscribe({ id });
  expect(app.kept.size).toBe(0);
  await using other = await application("witness");
  await other.subscribe();
  await eve.client.send({ to: "keeper", body: "nobody hears" });
  await eve.client.send({ to: "witness", body: "heard" });
  await until(() => other.events.length === 1, "the witness's event");
  expect(app.receiver.posts).toHaveLength(3);
});

test("nothing is lost by a receiver that is down and a broker that is killed meanwhile", async () => {
  await using app = await application("patient");
  const { id } = await app.subscribe();
  await eve.client.send({ to: "patient", body: "0" });
  await until(() => app.events.length === 1, "the first event");
  app.down(true);
  const sent = ["1", "2", "3", "4"];
  for (const body of sent.slice(0, 2)) await eve.client.send({ to: "patient", body });
  await until(() => app.receiver.posts.length > 2, "a post that is not taken");
  await broker.kill("SIGKILL");
  await broker.start();
  for (const body of sent.slice(2)) await eve.client.send({ to: "patient", body });
  app.down(false);
  await until(() => new Set(app.begins()).size === 5, "all events");
  const first = [...new Map(app.events.map((event) => [event.eventId, event.data.begins])).values()];
  expect(first).toEqual(["0", ...sent]);
  expect(await app.mcp.refresh({ id })).toMatchObject({ id, deliveryStatus: { lastError: null } });
});

test("a rotated secret signs beside the one before it", async () => {
  await using app = await application("rotator");
  const { id } = await app.subscribe();
  const [key = "", before] = [...app.kept][0] ?? [];
  if (!before) throw new Error("nothing is kept");
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  app.kept.set(key, { ...before, delivery: { ...before.delivery, secret } });
  expect((await app.mcp.refresh({ id })).id).toBe(id);
  await eve.client.send({ to: "rotator", body: "signed twice" });
  await until(() => app.events.length === 1, "the event, read with the new secret");
  expect(String(app.receiver.posts.at(-1)?.headers["webhook-signature"]).split(" ")).toHaveLength(2);
});

test("what cannot be told any more is said to be missing, and what comes behind it is told", async () => {
  await using app = await application("gapped");
  await app.subscribe();
  await broker.kill("SIGTERM");
  const db = driver.open(join(broker.home, "mesh.db"));
  expect(db.prepare(`UPDATE event_webhook SET cursor = 'ffffffffffff.1'`).run().changes).toBeGreaterThan(0);
  db.close();
  await broker.start();
  await until(() => app.gaps.length === 1, "the gap to be told");
  await eve.client.send({ to: "gapped", body: "behind it" });
  await until(() => app.events.length === 1, "the event behind it");
  expect([app.begins(), app.gaps]).toEqual([["behind it"], [expect.any(String)]]);
});

test("a subscription ends with its agent, and says so", async () => {
  await using app = await application("leaver");
  await app.subscribe();
  await broker.admin.revokeAgent({ agent: "leaver" });
  await until(() => app.ends.length === 1, "the end to be told");
  expect(app.ends).toEqual([-32_024]);
  expect(app.kept.size).toBe(0);
});

const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const Answer = z.looseObject({
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.int(), message: z.string(), data: z.unknown().optional() }).optional(),
});
async function ask(token: string, method: string, params: object) {
  const MODERN = "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const answer = await fetch(`${broker.url}/mcp`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { _meta, ...params } }),
    headers: {
      ...{ "content-type": "application/json", authorization: `Bearer ${token}` },
      ...{ "mcp-protocol-version": MODERN, "mcp-method": method },
    },
  });
  return Answer.parse(await answer.json());
}
const subscribe = (token: string, url: string, more: object = {}) =>
  ask(token, "events/subscribe", {
    ...{ name: "message.received", delivery: { mode: "webhook", url, secret: SECRET }, ...more },
  });
const echo = (post: Posted, response: { end(text: string): unknown }) => {
  const { challenge } = z.looseObject({ challenge: z.string().optional() }).parse(JSON.parse(post.body));
  response.end(JSON.stringify({ challenge }));
};

describe("a callback", () => {
  let token: string;
  beforeAll(async () => {
    ({ token } = await broker.agent("hostile"));
  });

  test("that does not answer its challenge is refused with what went wrong, and nothing else is posted to it", async () => {
    await using receiver = await openWebhookReceiver();
    const refused = async () => (await subscribe(token, receiver.url)).error;
    const wrong = async (how: Parameters<typeof receiver.answer>[0]) => {
      receiver.answer(how);
      return refused();
    };
    const challenged = { code: -32_027, data: { reason: "challenge_failed" } };
    expect(await wrong(204)).toMatchObject(challenged);
    expect(await wrong((_, response) => response.end('{"challenge":"another"}'))).toMatchObject(challenged);
    expect(await wrong((_, response) => response.end("not JSON"))).toMatchObject(challenged);
    expect(await wrong((_, response) => response.writeHead(302, { location: receiver.url }).end())).toMatchObject({
      ...{ code: -32_027, data: { reason: "http_3xx" } },
    });
    expect(await wrong(500)).toMatchObject({ code: -32_027, data: { reason: "http_5xx" } });
    expect(await wrong(() => undefined)).toMatchObject({ code: -32_027, data: { reason: "timeout" } });
    expect(receiver.posts.map(kindOf)).toEqual(Array(6).fill("verification"));
    expect(new Set(receiver.posts.map(({ body }) => body)).size).toBe(6);
    await receiver[Symbol.asyncDispose]();
    expect(await refused()).toMatchObject({ code: -32_027, data: { reason: "connection_refused" } });
  });

  test("that the guard refuses is never asked, and what is wrong with the rest is said by the standard's codes", async () => {
    const at = (url: string) => subscribe(token, url).then(({ error }) => error?.code);
    for (const url of [
      ...["https://10.0.0.1/hook", "https://169.254.169.254/latest", "http://192.0.2.1/hook", "https://[fd00::1]/"],
      ...["ftp://example.com/", "no url", "https://user:pass@example.com/", `http://127.0.0.1:${broker.port}/mcp`],
    ]) {
      expect([url, await at(url)]).toEqual([url, -32_602]);
    }
    const url = "http://127.0.0.1:9/";
    const delivery = { mode: "webhook", url, secret: SECRET };
    for (const [more, code] of [
      [{ delivery: { ...delivery, secret: "whsec_c2hvcnQ=" } }, -32_602],
      // Base64 that some read and others do not: it would sign with no key at all.
      [{ delivery: { ...delivery, secret: `whsec_${"A".repeat(33)}` } }, -32_602],
      [{ delivery: { ...delivery, secret: `whsec_${"A".repeat(43)}==` } }, -32_602],
      [{ delivery: { ...delivery, secret: Buffer.alloc(32).toString("base64") } }, -32_602],
      [{ delivery: { ...delivery, mode: "carrier pigeon" } }, -32_026],
      [{ delivery: undefined }, -32_602],
      [{ name: "no.such" }, -32_023],
      [{ cursor: "mine" }, -32_602],
      [{ ttlMs: 0 }, -32_602],
    ] as const) {
      expect([more, (await subscribe(token, url, more)).error?.code]).toEqual([more, code]);
    }
    const unknown = await ask(token, "events/unsubscribe", { name: "message.received", delivery: { url } });
    expect(unknown.error).toMatchObject({ code: -32_023, data: { kind: "subscription" } });
    expect(broker.log()).not.toContain(SECRET);
  });

  test("is verified beside one other of its agent, and beside two it is not asked", async () => {
    await using receiver = await openWebhookReceiver(() => undefined);
    const { token: hasty } = await broker.agent("hasty");
    const set = (n: number) => subscribe(hasty, `${receiver.url}?n=${n}`).then(({ error }) => error);
    const refused = (await Promise.all([0, 1, 2].map(set))).toSorted((a, b) => (a?.code ?? 0) - (b?.code ?? 0));
    const unanswered = { code: -32_027, data: { reason: "timeout" } };
    expect(refused).toMatchObject([
      unanswered,
      unanswered,
      { code: -32_025, data: { limit: "verifications", max: 2 } },
    ]);
    expect(receiver.posts).toHaveLength(2);
    receiver.answer(echo);
    expect(await set(2)).toBeUndefined();
  });

  test("that says 410 is posted to no more; one that says 413 is posted what comes next", async () => {
    await using receiver = await openWebhookReceiver(echo);
    const { token: own } = await broker.agent("full");
    const begins = () =>
      receiver.posts.slice(1).map(({ body }) => {
        const { data } = z.looseObject({ data: z.looseObject({ begins: z.string() }) }).parse(JSON.parse(body));
        return data.begins;
      });
    expect((await subscribe(own, receiver.url)).error).toBeUndefined();
    receiver.answer((post, response) => response.writeHead(post.body.includes("too large") ? 413 : 410).end());
    await eve.client.send({ to: "full", body: "too large" });
    await eve.client.send({ to: "full", body: "no more" });
    await until(() => receiver.posts.length === 3, "both to be posted");
    expect(begins()).toEqual(["too large", "no more"]);
    const gone = () => ask(own, "events/unsubscribe", { name: "message.received", delivery: { url: receiver.url } });
    await until(() => broker.log().includes("event_webhook.gone"), "the end to be noted");
    expect((await gone()).error?.code).toBe(-32_023);
  });

  test("is set as often as may be and no more, is another agent's by itself, and is over in time", async () => {
    await using receiver = await openWebhookReceiver(echo);
    const { token: greedy } = await broker.agent("greedy");
    const many = async (n: number) => (await subscribe(greedy, `${receiver.url}?n=${n}`, { ttlMs: 2_000 })).error;
    for (let n = 0; n < 16; n++) expect(await many(n)).toBeUndefined();
    expect(await many(16)).toMatchObject({ code: -32_025, data: { limit: "subscriptions", max: 16 } });
    const ids = await Promise.all([greedy, token].map((each) => subscribe(each, `${receiver.url}?n=0`)));
    const [one, other] = ids.map(({ result }) => result?.id);
    expect(one).not.toBe(other);
    await until(async () => (await many(16)) === undefined, "the first of them to be over");
    const events = (n: number) =>
      receiver.posts.filter((post) => post.path.endsWith(`?n=${n}`) && kindOf(post) === undefined).length;
    for (const round of [1, 2]) {
      await eve.client.send({ to: "greedy", body: `round ${round}` });
      await until(() => events(0) === round && events(16) === round, "those that are not over to be told");
    }
    // The first that was over made room for it.
    expect(events(1)).toBe(0);
  });
});
