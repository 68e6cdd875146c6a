/** Webhooks end to end: real broker, real receivers, signatures checked with Standard Webhooks' own library. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type MeshClient, verifyWebhook } from "@agentmesh/client";
import type { LeasedDelivery, MessageStatus, WebhookMessageEvent } from "@agentmesh/protocol";
import { Webhook as StandardWebhook } from "standardwebhooks";
import {
  type Answering,
  assertInTime,
  bareStream,
  openWebhookLoad,
  openWebhookReceiver,
  type Posted,
  startTestBroker,
  stopwatch,
  type TestAgent,
  type TestBroker,
  until,
  type WebhookReceiver,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Timeouts and rests so short that a test sees their ends. */
const QUICK = {
  AGENTMESH_WEBHOOK_TIMEOUT_MS: "1000",
  AGENTMESH_WEBHOOK_REST_MS: "300",
  AGENTMESH_STREAM_GRACE_MS: "100",
};

let broker: TestBroker;
let alice: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker({ env: QUICK });
  alice = await broker.agent("alice");
});
afterAll(() => broker[Symbol.asyncDispose]());

let agents = 0;
/** An agent whose webhook is this receiver, with the secret it signs with. */
async function hooked(receiver: WebhookReceiver, more: Record<string, unknown> = {}) {
  const agent = await broker.agent(`hooked-${++agents}`);
  const { secret = "" } = await agent.client.setWebhook({ agent: "me", url: receiver.url, ...more });
  return { ...agent, name: agent.agent.name, secret };
}

type MessageId = MessageStatus["message"]["id"];

const send = (to: string, body: string) => alice.client.send({ to, body });
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const eventOf = (post: Posted | undefined) => JSON.parse(post?.body ?? "null") as WebhookMessageEvent;
const bodies = (receiver: WebhookReceiver) => receiver.posts.map((post) => eventOf(post).data.message.body);
const delivery = async (message: MessageId) => {
  const [only] = (await alice.client.getMessage({ message })).deliveries;
  if (!only) throw new Error(`${message} has no delivery`);
  return only;
};
const isAcked = async (messageId: MessageId) => (await delivery(messageId)).state === "acked";
/** The timeline, a step per line: event, path, reason. */
const steps = async (messageId: MessageId | undefined) =>
  messageId === undefined
    ? []
    : (await delivery(messageId)).timeline.map(({ event, path, reason }) =>
        [event, path, reason].filter(Boolean).join(" "),
      );
/** Checks a post with the library of Standard Webhooks; returns what it parses. */
const verified = (post: Posted | undefined, secret: string) =>
  new StandardWebhook(secret).verify(post?.body ?? "", (post?.headers ?? {}) as Record<string, string>);

/** Leases until `count` deliveries have come. */
async function poll(client: MeshClient, count: number): Promise<LeasedDelivery[]> {
  const got: LeasedDelivery[] = [];
  const began = Date.now();
  while (got.length < count && Date.now() - began < 20_000)
    got.push(...(await client.lease({ waitMs: 500 })).deliveries);
  return got;
}

describe("a message for an agent with a webhook", () => {
  test("is posted signed and acked by the 2xx answer; the sender sees the path, proven, and no warning", async () => {
    await using receiver = await openWebhookReceiver(202);
    const bob = await hooked(receiver);
    const { messageId, deliveries } = await send(bob.name, "hello");
    const [forecast] = deliveries;
    expect(forecast).toMatchObject({
      recipient: { presence: "offline", pushPaths: [{ path: "webhook" }] },
      warnings: [],
    });
    await until(() => isAcked(messageId), "the ack");
    const [post] = receiver.posts;
    expect(eventOf(post)).toMatchObject({
      type: "agentmesh.message.v1",
      data: {
        seq: 1,
        attempt: 1,
        redelivered: false,
        to: { name: bob.name },
        message: { id: messageId, body: "hello", from: { name: "alice" } },
      },
    });
    expect(post?.headers["webhook-id"]).toBe(forecast?.deliveryId);
    expect(verified(post, bob.secret)).toMatchObject({ type: "agentmesh.message.v1" });
    const { event } = await verifyWebhook({ body: post?.body ?? "", headers: post?.headers ?? {}, secret: bob.secret });
    expect(event.type === "agentmesh.message.v1" && event.data.message.body).toBe("hello");
    expect(await steps(messageId)).toEqual(["accepted", "leased", "pushed webhook", "acked taken"]);
    expect((await alice.client.listAgents({ presence: "live" })).agents.map(({ name }) => name)).not.toContain(
      bob.name,
    );
    const { agents: live } = await alice.client.listAgents({ presence: "reachable" });
    expect(live.find(({ name }) => name === bob.name)?.pushPaths).toEqual([
      { path: "webhook", provenAt: expect.any(String) },
    ]);
  });

  test("comes in the order of acceptance, one post at a time, and several at once only when the agent said so", async () => {
    for (const maxInFlight of [1, 4]) {
      let underWay = 0;
      let most = 0;
      await using receiver = await openWebhookReceiver(async (_, response) => {
        most = Math.max(most, ++underWay);
        // As many as may be at once are waited for, however slow the machine is; and one more would come in a moment.
        await until(() => most >= maxInFlight || receiver.posts.length === 12, "as many posts as the agent takes");
        await new Promise((resolve) => setTimeout(resolve, 15));
        underWay--;
        response.writeHead(200).end();
      });
      const bob = await hooked(receiver, { maxInFlight });
      const sent = await Promise.all(Array.from({ length: 12 }, (_, i) => send(bob.name, `message ${i}`)));
      const last = sent.at(-1)?.messageId;
      await until(async () => receiver.posts.length === 12 && last && (await isAcked(last)), "all posts");
      expect(new Set(bodies(receiver)).size).toBe(12);
      expect(most).toBe(maxInFlight);
      if (maxInFlight === 1) expect(receiver.posts.map((post) => eventOf(post).data.seq)).toEqual(upTo(12));
    }
  });

  test("survives a broker that is killed while it is posted: the same id comes again, and the secret still signs", async () => {
    await using receiver = await openWebhookReceiver(() => undefined);
    const bob = await hooked(receiver);
    const { messageId } = await send(bob.name, "survivor");
    await until(() => receiver.posts.length === 1, "the post");
    await broker.kill("SIGKILL");
    receiver.answer(200);
    await broker.start();
    await until(() => isAcked(messageId), "the ack");
    const [first, second] = receiver.posts;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(eventOf(second).data).toMatchObject({ attempt: 2, redelivered: true });
    verified(second, bob.secret);
    expect(await bob.client.getWebhook({ agent: "me" })).toMatchObject({ state: "working", url: receiver.url });
  });

  test("goes to an open stream of that agent instead, and to the webhook when the stream is gone", async () => {
    await using receiver = await openWebhookReceiver(200);
    const bob = await hooked(receiver);
    const session = await bob.client.join({ pushPaths: [{ path: "stream" }] });
    const inbox = session.inbox();
    const first = inbox.next();
    // The stream is open when it has brought the first message.
    await send(bob.name, "one");
    await (await first).value?.ack();
    const before = receiver.posts.length;
    const next = inbox.next();
    const { messageId, deliveries } = await send(bob.name, "two");
    expect(deliveries[0]?.recipient.pushPaths.map(({ path }) => path)).toEqual(["stream", "webhook"]);
    await (await next).value?.ack();
    expect((await steps(messageId)).at(-1)).toBe("acked handled");
    expect(receiver.posts.length).toBe(before);
    await inbox.return();
    await session.leave();
    const { messageId: third } = await send(bob.name, "three");
    await until(() => isAcked(third), "the ack");
    expect(bodies(receiver)).toContain("three");
  });
});

test("a message in a stream that nobody reads goes to the webhook when its lease ran out", async () => {
  await using receiver = await openWebhookReceiver(200);
  const bob = await hooked(receiver);
  using _unread = await bareStream(broker, bob, "maxInFlight=1&leaseMs=1000");
  await until(async () => (await broker.admin.status()).streams > 0, "the stream");
  const { messageId: first } = await send(bob.name, "one");
  const { messageId: second } = await send(bob.name, "two");
  await until(async () => (await delivery(first)).attempt === 1, "the stream's lease");
  await until(async () => (await isAcked(first)) && (await isAcked(second)), "both acks");
  expect(bodies(receiver).sort()).toEqual(["one", "two"]);
});

describe("a webhook that fails", () => {
  const failures: [string, Answering][] = [
    ["hangs", () => undefined],
    ["answers 500", 500],
    ["resets the connection", (_, response) => response.socket?.resetAndDestroy()],
  ];
  test.each(failures)(
    "because it %s neither delays its sender nor loses or burns mail: tried again with the same id, then it rests, and a poll gets the mail",
    async (_, answering) => {
      await using receiver = await openWebhookReceiver(answering);
      const bob = await hooked(receiver);
      const ms = stopwatch();
      const { messageId } = await send(bob.name, "patience");
      assertInTime(ms(), 800);
      await until(() => receiver.posts.length >= 2, "a second try");
      const [first, second] = receiver.posts;
      expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
      expect([eventOf(first).data.attempt, eventOf(second).data.attempt]).toEqual([1, 2]);

      for (let i = 0; i < 4; i++) await send(bob.name, `more ${i}`);
      await until(async () => (await bob.client.getWebhook({ agent: "me" })).state === "resting", "the rest");
      const { messageId: late, deliveries } = await send(bob.name, "while it rests");
      expect(deliveries[0]?.warnings).toMatchObject([
        { code: "push_path_failing", detail: expect.stringContaining(`agentmesh webhook test ${bob.name}`) },
      ]);
      expect(deliveries[0]?.recipient.pushPaths[0]?.failedWhy).toMatch(/in a row\)$/);
      const { outlook } = await delivery(late);
      expect(outlook).toMatchObject({
        cause: expect.stringMatching(/does not take posts: “.* in a row\)”/),
        remedy: expect.any(String),
      });

      const polled = await poll(bob.client, 6);
      expect(polled.map(({ message }) => message.body).sort()).toEqual(
        ["patience", "while it rests", ...upTo(4).map((n) => `more ${n - 1}`)].sort(),
      );
      for (const { id } of polled) await bob.client.ack({ delivery: id });
      expect((await steps(messageId)).at(-1)).toBe("acked handled");
    },
  );

  test("rests with its mail untouched, is tried with one post, and when that is taken gets the rest (T35)", async () => {
    await using receiver = await openWebhookReceiver(500);
    const bob = await hooked(receiver);
    const sent = await Promise.all(upTo(8).map((n) => send(bob.name, `message ${n}`)));
    const state = async () => (await bob.client.getWebhook({ agent: "me" })).state;
    await until(async () => (await state()) === "resting", "the rest");
    const before = await Promise.all(sent.map(({ messageId }) => delivery(messageId)));
    const untouched = before.filter(({ attempt }) => attempt === 0).map(({ id }) => id);
    expect(untouched.length).toBeGreaterThan(0);
    // Several tries, one at a time, each of another message; none of them is a failure of the message.
    const rested = receiver.posts.length;
    await until(() => receiver.posts.length >= rested + 2, "two tries");
    const tried = receiver.posts.slice(rested).map((post) => post.headers["webhook-id"]);
    expect(new Set(tried).size).toBe(tried.length);
    receiver.answer(204);
    await until(
      async () => (await Promise.all(sent.map(({ messageId }) => isAcked(messageId)))).every(Boolean),
      "all acks",
      10_000,
    );
    expect(await state()).toBe("working");
    const kinds = (await steps(sent[7]?.messageId)).map((step) => step.split(" ")[0]);
    expect(kinds).not.toContain("nacked");
  });

  test("waits longer after each failure with a message; whoever else asks gets that message at once", async () => {
    await using receiver = await openWebhookReceiver(500);
    const bob = await hooked(receiver);
    const { messageId } = await send(bob.name, "one");
    // The second failure with it has a delay; the breaker opens at the fifth.
    await until(async () => (await delivery(messageId)).postAt !== undefined, "a delay");
    const { postAt, readyAt, outlook } = await delivery(messageId);
    expect(Date.parse(postAt ?? "")).toBeGreaterThan(Date.now());
    expect(readyAt).toBeUndefined();
    expect(outlook?.remedy).toContain(`${bob.name} can lease its mail over HTTP`);
    expect((await bob.client.lease()).deliveries.map(({ message }) => message.id)).toEqual([messageId]);
  });

  test("with one message that it cannot take gives that one up, and takes the others", async () => {
    const answer: Answering = ({ body }, response) => response.writeHead(body.includes("poison") ? 500 : 200).end();
    await using receiver = await openWebhookReceiver(answer);
    await using strict = await startTestBroker({ env: { ...QUICK, AGENTMESH_MAX_ATTEMPTS: "2" } });
    const carol = await strict.agent("carol");
    const dave = await strict.agent("dave");
    await dave.client.setWebhook({ agent: "me", url: receiver.url });
    const poison = await carol.client.send({ to: "dave", body: "poison" });
    const good = await Promise.all(upTo(5).map((n) => carol.client.send({ to: "dave", body: `good ${n}` })));
    const state = async (message: string) =>
      (await carol.client.getMessage({ message: message as `msg_${string}` })).deliveries[0];
    await until(async () => (await state(poison.messageId))?.state === "dead", "the dead letter");
    expect(await state(poison.messageId)).toMatchObject({
      reason: "given up after 2 failed attempts: webhook: answered 500",
      outlook: { remedy: expect.stringContaining("agentmesh redrive") },
    });
    for (const { messageId } of good)
      await until(async () => (await state(messageId))?.state === "acked", "the others");
    const [bounced] = (await carol.client.listInbox()).entries;
    expect(bounced?.message).toMatchObject({ kind: "bounce", inReplyTo: poison.messageId });
  });

  test("that asks for time gets it: nothing is posted before, nothing is burned", async () => {
    await using receiver = await openWebhookReceiver((_, response) =>
      response.writeHead(429, { "retry-after": "1" }).end(),
    );
    const bob = await hooked(receiver);
    const { messageId } = await send(bob.name, "later");
    await until(() => receiver.posts.length === 1, "the first post");
    receiver.answer(200);
    await until(() => isAcked(messageId), "the ack");
    const [first, second] = receiver.posts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
    expect(await steps(messageId)).toEqual([
      "accepted",
      "leased",
      "push_failed webhook answered 429",
      "released webhook: answered 429",
      "leased",
      "pushed webhook",
      "acked taken",
    ]);
  });

  test("with 410 is posted nothing more, says so everywhere, and is enabled again by a test that succeeds", async () => {
    await using receiver = await openWebhookReceiver(410);
    const bob = await hooked(receiver);
    const { messageId } = await send(bob.name, "anybody there?");
    await until(async () => (await bob.client.getWebhook({ agent: "me" })).state === "disabled", "the end");
    const { deliveries } = await send(bob.name, "and this?");
    expect(deliveries[0]?.recipient.pushPaths).toMatchObject([{ failedWhy: "disabled: answered 410 Gone" }]);
    expect(deliveries[0]?.warnings[0]?.detail).toContain("disabled: answered 410 Gone");
    expect((await delivery(messageId)).outlook).toEqual({
      cause: `The webhook of ${bob.name} does not take posts: “disabled: answered 410 Gone”.`,
      remedy: expect.stringContaining(`agentmesh webhook test ${bob.name}`),
    });
    await broker.kill("SIGTERM");
    await broker.start();
    expect(await bob.client.getWebhook({ agent: "me" })).toMatchObject({ state: "disabled" });
    expect(await bob.client.testWebhook({ agent: "me" })).toMatchObject({
      taken: false,
      status: 410,
      webhook: { state: "disabled" },
    });
    expect(receiver.posts).toHaveLength(2);
    receiver.answer(200);
    expect(await bob.client.testWebhook({ agent: "me" })).toMatchObject({
      taken: true,
      status: 200,
      webhook: { state: "working" },
    });
    await until(() => isAcked(messageId), "the ack");
  });

  test("because its place may no longer be posted to, by the operator's settings, is not connected to", async () => {
    await using receiver = await openWebhookReceiver(200);
    await using moody = await startTestBroker({ env: QUICK });
    const carol = await moody.agent("carol");
    await carol.client.setWebhook({ agent: "me", url: receiver.url });
    await moody.kill("SIGTERM");
    await using strict = await startTestBroker({
      env: { ...QUICK, AGENTMESH_WEBHOOK_LOOPBACK: "refuse" },
      home: moody.home,
    });
    const reply = await strict.client(carol.token).testWebhook({ agent: "me" });
    expect(reply).toMatchObject({ taken: false, why: "the broker refuses to post there: loopback is refused" });
    expect(receiver.connections()).toBe(0);
  });
});

test("a webhook that never answers delays no other", async () => {
  // Its first post hangs for the default ten seconds: whoever waited for it would be seen by that.
  await using fresh = await startTestBroker();
  await using load = await openWebhookLoad(fresh.admin, fresh.client, 20);
  const took = await load.run({ messages: 100, perSecond: 200, blackHole: true });
  expect(load.swallowed()).toBe(1);
  expect(took).toHaveLength(100);
  assertInTime(Math.max(...took), 5_000);
  expect((await fresh.admin.listInbox({ agent: "load-black-hole" })).entries).toMatchObject([{ state: "leased" }]);
});

describe("a publish", () => {
  test("accounts for every subscriber: taken, waiting, failing, refusing and self (T20)", async () => {
    await using ok = await openWebhookReceiver(200);
    await using broken = await openWebhookReceiver(500);
    const subscriber = async (name: string) => {
      const agent = await broker.agent(name);
      await agent.client.subscribe({ topic: "build.>" });
      return agent;
    };
    const sender = await subscriber("t20-sender");
    const good = await subscriber("t20-ok");
    const bad = await subscriber("t20-failing");
    await subscriber("t20-offline");
    const closed = await subscriber("t20-refusing");
    await good.client.setWebhook({ agent: "me", url: ok.url });
    await bad.client.setWebhook({ agent: "me", url: broken.url });
    await closed.client.setPolicy({ agent: "me", otherwise: "refuse" });
    const { messageId, accepted, skipped } = await sender.client.publish({ topic: "build.red", body: "3 tests" });
    expect(accepted.map(({ to, state, warnings }) => [to.name, state, warnings.map(({ code }) => code)])).toEqual([
      ["t20-ok", "queued", []],
      ["t20-failing", "queued", []],
      ["t20-offline", "queued", ["recipient_offline"]],
    ]);
    expect(skipped.map(({ agent, why }) => [agent.name, why]).sort()).toEqual([
      ["t20-refusing", "refused"],
      ["t20-sender", "sender"],
    ]);
    const states = async () => {
      const { deliveries } = await sender.client.getMessage({ message: messageId });
      return Object.fromEntries(deliveries.map(({ to, state, reason }) => [to.name, [state, reason]]));
    };
    // One look, since the failing one is posted again at once.
    const seen = await until(async () => {
      const now = await states();
      return now["t20-ok"]?.[0] === "acked" && now["t20-failing"]?.[1] !== undefined && now;
    }, "both webhooks to have answered");
    expect(seen).toMatchObject({
      "t20-ok": ["acked", "taken"],
      "t20-failing": ["queued", "webhook: answered 500"],
      "t20-offline": ["queued", undefined],
    });
    const [, forecast] = [
      await until(() => broken.posts.length > 1, "a second try"),
      await sender.client.send({ to: "t20-failing", body: "x" }),
    ];
    expect(forecast.deliveries[0]?.warnings.map(({ code }) => code)).toEqual(["push_path_failing"]);
  });
});

describe("the secret of a webhook", () => {
  test("is shown once, when the broker made it, and signs beside the one before for as long as that was said", async () => {
    await using receiver = await openWebhookReceiver(200);
    const bob = await hooked(receiver);
    expect(bob.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const own = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
    expect(await bob.client.rotateWebhook({ agent: "me", secret: own })).toEqual({
      webhook: expect.objectContaining({ previousSecretUntil: expect.any(String) }),
    });
    await bob.client.testWebhook({ agent: "me" });
    for (const secret of [bob.secret, own]) verified(receiver.posts.at(-1), secret);
    const { secret = "" } = await bob.client.rotateWebhook({ agent: "me", overlapMs: 0 });
    await bob.client.testWebhook({ agent: "me" });
    verified(receiver.posts.at(-1), secret);
    for (const old of [bob.secret, own])
      expect(() => verified(receiver.posts.at(-1), old)).toThrow("No matching signature");
    // Two at the same time: nobody is given a secret that signs nothing.
    const rotate = () => bob.client.rotateWebhook({ agent: "me" });
    const both = await Promise.all([rotate(), rotate()]);
    await bob.client.testWebhook({ agent: "me" });
    for (const each of both) verified(receiver.posts.at(-1), each.secret ?? "");
  });

  test("is in no answer, listing, log or file, nor is the URL's query or OpenClaw's token", async () => {
    await using receiver = await openWebhookReceiver(500);
    const agent = await broker.agent("discreet");
    const token = "openclaw-token-4711";
    const { secret = "", webhook } = await agent.client.setWebhook({
      agent: "me",
      url: `${receiver.url}?key=query-secret-4711`,
      dialect: "openclaw",
      openclaw: { token, agentId: "main" },
    });
    expect(webhook).toMatchObject({ url: receiver.url, openclaw: { hook: "agent", agentId: "main", deliver: false } });
    await send("discreet", "x");
    await until(() => receiver.posts.length > 1, "a failure");
    expect(receiver.posts[0]).toMatchObject({
      path: "/hook?key=query-secret-4711",
      headers: { authorization: `Bearer ${token}` },
    });
    const shown = JSON.stringify([
      await agent.client.getWebhook({ agent: "me" }),
      await agent.client.testWebhook({ agent: "me" }),
      await broker.admin.listAgents(),
      await broker.admin.status(),
      await broker.admin.log({ limit: 500 }),
    ]);
    const files = readdirSync(broker.home).filter((name) => name.startsWith("mesh.db"));
    const disk = files.map((name) => readFileSync(join(broker.home, name), "latin1")).join("");
    expect(disk).toContain("discreet");
    for (const hidden of [secret, token, "query-secret-4711"]) {
      expect(shown).not.toContain(hidden);
      expect(broker.log()).not.toContain(hidden);
      expect(disk).not.toContain(hidden);
    }
    expect(disk).not.toContain(`127.0.0.1:${receiver.port}`);
    expect(JSON.stringify(await alice.client.listAgents())).not.toContain(String(receiver.port));
  });
});

describe("a webhook", () => {
  test("is set, seen, tested, rotated and removed by its agent and by the mesh key, and by nobody else", async () => {
    await using receiver = await openWebhookReceiver(200);
    const bob = await broker.agent("owner");
    const code = (promise: Promise<unknown>) =>
      promise.then(
        () => "allowed",
        (error: { code?: string }) => error.code,
      );
    const all = (client: TestAgent["client"], agent: string) => [
      client.setWebhook({ agent, url: receiver.url }),
      client.getWebhook({ agent }),
      client.testWebhook({ agent }),
      client.rotateWebhook({ agent }),
      client.removeWebhook({ agent }),
    ];
    expect(await Promise.all(all(alice.client, "owner").map(code))).toEqual(upTo(5).map(() => "forbidden"));
    expect(await code(bob.client.getWebhook({ agent: "me" }))).toBe("webhook_not_found");
    expect(await code(bob.client.testWebhook({ agent: "me" }))).toBe("webhook_not_found");
    await broker.admin.setWebhook({ agent: "owner", url: receiver.url });
    expect(await broker.admin.testWebhook({ agent: "owner" })).toMatchObject({ taken: true });
    expect(await bob.client.getWebhook({ agent: "me" })).toMatchObject({ state: "working" });
    expect(await bob.client.removeWebhook({ agent: "me" })).toEqual({ removed: true });
    expect(await bob.client.removeWebhook({ agent: "me" })).toEqual({ removed: false });
    const { messageId, deliveries } = await send("owner", "rests");
    expect(deliveries[0]).toMatchObject({ recipient: { pushPaths: [] }, warnings: [{ code: "recipient_offline" }] });
    expect((await delivery(messageId)).attempt).toBe(0);
  });

  test("is refused with what is wrong about it and what would allow it (T34)", async () => {
    const bob = await broker.agent("refused");
    const set = (url: string, more: object = {}) => bob.client.setWebhook({ agent: "me", url, ...more });
    for (const url of [
      "http://169.254.169.254/",
      "http://127.0.0.1:22/",
      "http://2130706433/",
      "file:///etc/passwd",
      broker.url,
    ]) {
      await expect(set(url)).rejects.toMatchObject({ code: "webhook_url_forbidden", status: 422 });
    }
    await expect(set("http://10.0.0.1:8080/")).rejects.toThrow("add 10.0.0.1 or its network to webhookAllow");
    await expect(set("http://127.0.0.1:9/", { secret: "short" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(set("http://127.0.0.1:9999/", { secret: "x".repeat(20) })).rejects.toThrow("Standard Webhooks");
    await expect(set("http://127.0.0.1:9999/", { dialect: "openclaw" })).rejects.toThrow(
      "belongs to the dialect openclaw",
    );
    await expect(set("http://127.0.0.1:9999/", { openclaw: { token: "t" } })).rejects.toThrow(
      "belongs to the dialect openclaw",
    );
    await expect(bob.client.getWebhook({ agent: "me" })).rejects.toMatchObject({ code: "webhook_not_found" });
  });

  test("ends with its agent, and another agent of that name has none", async () => {
    await using receiver = await openWebhookReceiver(200);
    const bob = await broker.agent("mortal");
    await bob.client.setWebhook({ agent: "me", url: receiver.url });
    await broker.admin.removeAgent({ agent: "mortal" });
    const again = await broker.agent("mortal");
    await expect(again.client.getWebhook({ agent: "me" })).rejects.toMatchObject({ code: "webhook_not_found" });
    expect((await send("mortal", "x")).deliveries[0]?.recipient.pushPaths).toEqual([]);
    expect(receiver.connections()).toBe(0);
  });

  test("is posted to directly, whatever proxies the broker's environment names", async () => {
    await using receiver = await openWebhookReceiver(200);
    await using proxy = await openWebhookReceiver(502);
    const url = `http://127.0.0.1:${proxy.port}`;
    const env = {
      HTTP_PROXY: url,
      http_proxy: url,
      HTTPS_PROXY: url,
      ALL_PROXY: url,
      NODE_USE_ENV_PROXY: "1",
      NO_PROXY: "",
    };
    await using proxied = await startTestBroker({ env });
    const bob = await proxied.agent("bob");
    await bob.client.setWebhook({ agent: "me", url: receiver.url });
    expect(await bob.client.testWebhook({ agent: "me" })).toMatchObject({ taken: true });
    expect([receiver.connections(), proxy.connections()]).toEqual([1, 0]);
  });

  test("set under another mesh key is disabled with the reason, and posts again when it is set anew", async () => {
    await using receiver = await openWebhookReceiver(200);
    await using first = await startTestBroker();
    const bob = await first.agent("bob");
    await bob.client.setWebhook({ agent: "me", url: receiver.url });
    await first.kill("SIGTERM");
    rmSync(join(first.home, "key"));
    await first.start();
    const client = first.client(bob.token);
    expect((await client.getAgent({ agent: "me" })).pushPaths).toMatchObject([
      { failedWhy: expect.stringContaining("the mesh key") },
    ]);
    await expect(client.getWebhook({ agent: "me" })).rejects.toThrow("Set it again");
    await client.setWebhook({ agent: "me", url: receiver.url });
    expect(await client.testWebhook({ agent: "me" })).toMatchObject({ taken: true });
  });
});
