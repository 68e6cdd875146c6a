/** Two agents that answer everything are stopped, and told why; a person goes on. */
import { startTestBroker, type TestAgent } from "testkit";
import { expect, test } from "vitest";

/** Answers what comes until the broker refuses; resolves to the refusal. */
async function answerAll(
  { client }: TestAgent,
  signal: AbortSignal,
): Promise<{ code: string; message: string } | undefined> {
  for await (const delivery of client.inbox({ signal })) {
    const refusal = await delivery.reply(`thank you for ${delivery.seq}`).then(
      () => undefined,
      (error: { code: string; message: string }) => error,
    );
    if (refusal) {
      await delivery.ack();
      return refusal;
    }
  }
  return undefined;
}

test("two agents that thank each other are stopped after the limit of hops, and a person's answer starts anew (T38)", async () => {
  await using broker = await startTestBroker({ env: { AGENTMESH_MAX_HOPS: "6" } });
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  const over = new AbortController();
  const bots = [answerAll(alice, over.signal), answerAll(bob, over.signal)];
  await alice.client.send({ to: "bob", body: "hello" });
  const refusal = await Promise.race(bots);
  expect(refusal).toMatchObject({
    code: "loop_limit",
    message: expect.stringContaining("6 times in a row without a person"),
  });
  over.abort();
  await Promise.all(bots);

  const { entries } = await broker.admin.listInbox({ agent: "bob", state: "all" });
  const [last] = entries.slice(-1);
  expect(entries.map(({ message }) => message.hops)).toEqual([0, 2, 4, 6]);
  const person = await broker.agent("person", { client: "cli", person: true });
  const impostor = await broker.agent("impostor", { client: "cli" });
  const { messageId } = await bob.client.send({ to: "person", body: "help, we loop" });
  const answered = await person.client.send({ inReplyTo: messageId, body: "carry on" });
  expect((await broker.admin.getMessage({ message: answered.messageId })).message.hops).toBe(0);
  expect(last?.message.hops).toBe(6);

  const reply = () => bob.client.send({ inReplyTo: last?.id ?? "1", body: "where were we?" });
  await expect(reply()).rejects.toMatchObject({ code: "loop_limit" });
  // Neither who calls itself so, nor a program with the person's token, is one.
  const word = { to: "alice", threadId: last?.message.threadId, body: "go on" };
  await impostor.client.send(word);
  await person.client.send({ ...word, byProgram: true });
  await expect(reply()).rejects.toMatchObject({ code: "loop_limit" });
  await person.client.send({ to: "alice", threadId: last?.message.threadId, body: "go on, both of you" });
  const { messageId: on } = await reply();
  expect((await broker.admin.getMessage({ message: on })).message.hops).toBe(1);
});

test("three agents that answer each other in a ring are stopped as two are (T38)", async () => {
  await using broker = await startTestBroker({ env: { AGENTMESH_MAX_HOPS: "12" } });
  const ring = [await broker.agent("ada"), await broker.agent("bea"), await broker.agent("cleo")];
  const over = new AbortController();
  const bots = ring.map(async ({ client }, i) => {
    const next = ring[(i + 1) % ring.length]?.agent.name ?? "";
    for await (const { id, seq } of client.inbox({ signal: over.signal })) {
      const sent = client.send({ to: next, inReplyTo: id, body: `passed on, my number ${seq}` });
      const refusal = await sent.then(
        () => undefined,
        ({ code }: { code: string }) => code,
      );
      if (refusal) return refusal;
    }
    return undefined;
  });
  await ring[0]?.client.send({ to: "bea", body: "pass it on" });
  expect(await Promise.race(bots)).toBe("loop_limit");
  over.abort();
  await Promise.all(bots);
  expect(Object.values((await broker.admin.status()).deliveries).reduce((a, b) => a + b, 0)).toBe(13);
});

test("a sender has a budget a minute, and one for each recipient; the refusal says when to try again", async () => {
  await using broker = await startTestBroker({
    env: { AGENTMESH_SENDER_PER_MINUTE: "5", AGENTMESH_PAIR_PER_MINUTE: "3" },
  });
  const alice = await broker.agent("alice");
  for (const name of ["bob", "carol"]) await broker.agent(name);
  const impatient = broker.client(alice.token, { retryForMs: 0 });
  const send = (to: string, n: number) => impatient.send({ to, body: `message ${n}` });
  for (let n = 1; n <= 3; n++) await send("bob", n);
  await expect(send("bob", 4)).rejects.toMatchObject({
    code: "rate_limited",
    problem: { retryAfterMs: expect.any(Number), detail: expect.stringContaining("may send bob 3 messages a minute") },
  });
  for (let n = 1; n <= 2; n++) await send("carol", n);
  await expect(send("carol", 3)).rejects.toMatchObject({ code: "rate_limited" });
  await expect(impatient.publish({ topic: "news", body: "x" })).rejects.toMatchObject({ code: "rate_limited" });
  expect((await broker.admin.status()).deliveries.queued).toBe(5);
  expect((await broker.admin.status()).limits).toMatchObject({ senderPerMinute: 5, pairPerMinute: 3, maxHops: 32 });
});

test("the same text to the same agent passes so often a minute; a retry under its key is no repeat", async () => {
  await using broker = await startTestBroker({ env: { AGENTMESH_REPEATS_PER_MINUTE: "2" } });
  const alice = await broker.agent("alice");
  for (const name of ["bob", "carol"]) await broker.agent(name);
  const send = (to: string, idempotencyKey: string) => alice.client.send({ to, body: "ok", idempotencyKey });
  for (const key of ["1", "2"]) await send("bob", key);
  expect((await send("bob", "2")).duplicate).toBe(true);
  await expect(send("bob", "4")).rejects.toMatchObject({ code: "duplicate_storm" });
  await send("carol", "5");
  const { deliveries, limits } = await broker.admin.status();
  expect(deliveries.queued).toBe(3);
  expect(limits.repeatsPerMinute).toBe(2);
});
