/** The quotas of what is kept as senders and the operator meet them. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PROBLEM_MEDIA_TYPE, Problem } from "@agentmesh/protocol";
import { cleanEnv, runProgram, startTestBroker, until } from "testkit";
import { expect, test } from "vitest";

/** Longer than a message lives, and than its key is kept. */
const LONG_MS = 40 * 86_400_000;
const BODY = "x".repeat(30_000);

test("an agent that publishes to nobody is refused at its quota, others are not, and the operator sees who it is", async () => {
  await using broker = await startTestBroker({ args: ["--agent-kept-bytes", "500000", "--legacy"] });
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  const flood = broker.client(alice.token, { retryForMs: 0 });
  let accepted = 0;
  const refusal = await (async () => {
    for (; accepted < 100; accepted++) await flood.publish({ topic: `nobody.${accepted}`, body: BODY });
  })().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "quota_full", status: 429, retryable: true });
  expect(String(refusal)).toMatch(
    /alice keeps \d+ of 500000 bytes, history included\. Nothing was stored\..*agentmesh status/,
  );
  expect(accepted).toBe(8);

  const answer = await fetch(`${broker.url}/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
    body: JSON.stringify({ to: "bob", body: BODY }),
  });
  expect(answer.headers.get("content-type")).toContain(PROBLEM_MEDIA_TYPE);
  expect(answer.headers.get("retry-after")).toBe("60");
  expect(Problem.parse(await answer.json())).toMatchObject({ code: "quota_full", retryAfterMs: 60_000 });
  await expect(flood.ask({ to: "bob", body: BODY, timeoutMs: 1_000 })).rejects.toMatchObject({ code: "quota_full" });
  await bob.client.send({ to: "alice", body: BODY });

  const { keepers } = await broker.admin.listKeepers({ limit: 2 });
  expect(keepers).toMatchObject([
    { agent: { name: "alice" }, isGone: false, messages: 8, bytes: 8 * (1_024 + 2 * BODY.length) },
    { agent: { name: "bob" }, messages: 1, bytes: 2_048 + 2 * BODY.length },
  ]);
  const { keeping } = await broker.admin.status();
  expect(keeping).toMatchObject({ messages: 9, agentMaxBytes: 500_000, maxMessages: 4_000_000 });

  const env = cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_PORT: String(broker.port) });
  const { stdout } = await runProgram("cli", ["status"], { env });
  expect(stdout).toMatch(
    /kept +9 of 4,000,000 messages, 53\d KiB of 8,192 MiB\n +alice 8 messages, 47\d KiB, the oldest \S+/,
  );
});

test("a peer of the predecessor's wire has the quota of an agent", async () => {
  await using broker = await startTestBroker({ args: ["--agent-kept-messages", "3", "--legacy"] });
  const bob = await broker.agent("bob");
  const call = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${broker.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, said: (await answer.json()) as Record<string, string> };
  };
  const { said } = await call("/register", { pid: process.pid, cwd: "/tmp", summary: "" });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    statuses.push((await call("/broadcast", { from_id: said.id, topic: `t${i}`, text: "to nobody" })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect((await call("/send-message", { from_id: said.id, to_id: bob.agent.name, text: "x" })).said.error).toMatch(
    /keeps 3 of 3 messages/,
  );
});

test("the mesh itself keeps its notices, and is not said to have gone", async () => {
  await using broker = await startTestBroker();
  const [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
  await alice.client.send({ to: "bob", body: "a word" });
  await bob.client.removeAgent({ agent: "me" });
  const keepers = await until(async () => {
    const { keepers } = await broker.admin.listKeepers();
    return keepers.length === 2 ? keepers : undefined;
  }, "the notice");
  expect(keepers.map(({ agent, isGone }) => [agent.name, isGone]).sort()).toEqual([
    ["alice", false],
    ["mesh", false],
  ]);
});

test("what an agent that has left had sent stays its own until it is over", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await alice.client.publish({ topic: "last.words", body: "goodbye" });
  await alice.client.removeAgent({ agent: "me" });
  await until(async () => (await broker.admin.listKeepers()).keepers.some(({ isGone }) => isGone), "alice to be gone");
  expect((await broker.admin.listKeepers()).keepers).toMatchObject([
    { agent: { name: "alice" }, isGone: true, messages: 1, bytes: 1_024 + 2 * "goodbye".length },
  ]);

  // Its life and its key end; what is over goes in the first round after a start.
  await broker.kill("SIGTERM");
  const db = new DatabaseSync(join(broker.home, "mesh.db"));
  db.exec(`UPDATE message SET accepted_at = accepted_at - ${LONG_MS}, expires_at = expires_at - ${LONG_MS};
    UPDATE idempotency SET expires_at = expires_at - ${LONG_MS}`);
  db.close();
  await broker.start();
  await until(async () => (await broker.admin.listKeepers()).keepers.length === 0, "nobody to keep anything");
  expect((await broker.admin.status()).keeping).toMatchObject({ messages: 0, bytes: 0 });
});
