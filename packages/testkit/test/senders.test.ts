/** What senders are told: the truth about names, presence, limits, and every message that did not arrive. */
import { createHash } from "node:crypto";
import { MAX_BODY_BYTES } from "@agentmesh/protocol";
import { openWebhookReceiver, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({
    env: { AGENTMESH_STALE_AFTER_MS: "600", AGENTMESH_OFFLINE_AFTER_MS: "1200" },
  });
});
afterAll(() => broker[Symbol.asyncDispose]());

const total = async () => Object.values((await broker.admin.status()).deliveries).reduce((a, b) => a + b, 0);

test("a message that nobody takes in its time expires, and its sender gets one notice that says so (T13)", async () => {
  const alice = await broker.agent("t13-alice");
  await broker.agent("t13-bob");
  const { messageId, threadId } = await alice.client.send({ to: "t13-bob", body: "deploy now", ttlMs: 1_000 });
  const notices = async () => (await alice.client.listInbox()).entries;
  await until(async () => (await notices()).length > 0, "the notice");
  const [notice] = await notices();
  expect(notice?.message).toMatchObject({ kind: "bounce", threadId, inReplyTo: messageId, from: { name: "mesh" } });
  expect(notice?.message.body).toContain("Your message to t13-bob expired before it was acked.");
  const { deliveries } = await alice.client.getMessage({ message: messageId });
  expect(deliveries[0]?.state).toBe("expired");
  expect(deliveries[0]?.timeline.map(({ event }) => event)).toEqual(["accepted", "expired", "bounced"]);
  await broker.kill("SIGKILL");
  await broker.start();
  await until(async () => (await broker.admin.status()).deliveries.expired === 1, "the broker to answer");
  expect(await notices()).toHaveLength(1);
});

test("the name of a role or of a client program is no address, and neither is one letter less (T14, T15)", async () => {
  const alice = await broker.agent("t14-alice");
  await broker.agent("engineer", { client: "claude-code" });
  const before = await total();
  for (const to of ["general-purpose", "claude-code", "enginer"]) {
    await expect(alice.client.send({ to, body: "x" })).rejects.toMatchObject({ code: "agent_not_found", status: 404 });
  }
  const refusal = alice.client.send({ to: "enginer", body: "x" });
  await expect(refusal).rejects.toMatchObject({ problem: { nearNames: ["engineer"] } });
  expect(await total()).toBe(before);
  const names = (await broker.admin.listAgents()).agents.map(({ name }) => name);
  expect(names.filter((name) => ["general-purpose", "claude-code", "enginer"].includes(name))).toEqual([]);
});

test("a list of agents and the answer to a send say the same of each (T19)", async () => {
  const alice = await broker.agent("t19-alice");
  const [gone, quiet, here] = [
    await broker.agent("t19-gone"),
    await broker.agent("t19-quiet"),
    await broker.agent("t19-here"),
  ];
  await gone.client.openSession();
  const presence = async (agent: string) => (await broker.admin.getAgent({ agent })).presence;
  await until(async () => (await presence("t19-gone")) === "offline", "one to be offline");
  await quiet.client.openSession();
  await until(async () => (await presence("t19-quiet")) === "stale", "one to be stale");
  await here.client.openSession({ pushPaths: [{ path: "stream" }] });
  const listed = new Map(
    (await broker.admin.listAgents()).agents
      .filter(({ name }) => name.startsWith("t19-"))
      .map((each) => [each.name, each]),
  );
  const said = new Map<string, unknown>();
  for (const name of listed.keys()) {
    const { deliveries } = await alice.client.send({ to: name, body: "hello" });
    said.set(name, deliveries[0]?.recipient.presence);
  }
  expect([...said]).toEqual([...listed].map(([name, each]) => [name, each.presence]));
  expect(Object.fromEntries(said)).toMatchObject({ "t19-gone": "offline", "t19-quiet": "stale", "t19-here": "online" });
});

test("a publish accounts for five subscribers: three accepted, whatever becomes of them, two skipped with a reason (T20)", async () => {
  const [self, ok, away, hooked, refusing] = [
    await broker.agent("t20-self"),
    await broker.agent("t20-ok"),
    await broker.agent("t20-away"),
    await broker.agent("t20-hooked"),
    await broker.agent("t20-refusing"),
  ];
  await using receiver = await openWebhookReceiver(500);
  for (const { client } of [self, ok, away, hooked, refusing]) await client.subscribe({ topic: "news" });
  await hooked.client.setWebhook({ agent: "me", url: receiver.url });
  await refusing.client.setPolicy({ agent: "me", otherwise: "refuse" });
  await ok.client.openSession();
  const { messageId, accepted, skipped } = await self.client.publish({ topic: "news", body: "released" });
  // In the order in which they registered.
  expect(accepted.map(({ to, recipient }) => [to.name, recipient.presence])).toEqual([
    ["t20-ok", "online"],
    ["t20-away", "offline"],
    ["t20-hooked", "offline"],
  ]);
  expect(skipped.map(({ agent, why }) => [agent.name, why])).toEqual([
    ["t20-self", "sender"],
    ["t20-refusing", "refused"],
  ]);
  await ok.client.lease();
  await ok.client.ack({ delivery: "1" });
  await until(() => receiver.posts.length > 0, "a post that fails");
  const states = async () =>
    (await self.client.getMessage({ message: messageId })).deliveries.map(({ to, state }) => [to.name, state]);
  // Between its tries the failed post gives it back; the next look may find it leased again.
  const wanted = JSON.stringify([
    ["t20-ok", "acked"],
    ["t20-away", "queued"],
    ["t20-hooked", "queued"],
  ]);
  await until(async () => JSON.stringify(await states()) === wanted, "the failed post to give it back");
  expect((await self.client.listInbox()).entries).toEqual([]);
});

test("a body of the greatest size arrives whole, one byte more is refused naming the limit (T41)", async () => {
  const alice = await broker.agent("t41-alice");
  const bob = await broker.agent("t41-bob");
  const body = `${"€".repeat(Math.floor(MAX_BODY_BYTES / 3))}x`;
  expect(Buffer.byteLength(body)).toBe(MAX_BODY_BYTES);
  const { messageId } = await alice.client.send({ to: "t41-bob", body });
  for (const refused of [`${body}x`, "x".repeat(300 * 1_024)]) {
    await expect(alice.client.send({ to: "t41-bob", body: refused })).rejects.toMatchObject({
      code: "body_too_large",
      status: 413,
      message: expect.stringContaining(String(MAX_BODY_BYTES)),
    });
  }
  const sha256 = (text: string | undefined) =>
    createHash("sha256")
      .update(text ?? "")
      .digest("hex");
  const { deliveries, queued } = await bob.client.lease();
  expect([deliveries.length, queued]).toEqual([1, 0]);
  expect(sha256(deliveries[0]?.message.body)).toBe(sha256(body));
  expect(sha256((await alice.client.getMessage({ message: messageId })).message.body)).toBe(sha256(body));
});
