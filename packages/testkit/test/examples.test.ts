/** The examples, run as a reader runs them: each a process of its own that finds the broker by its state folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, sourcesEnv, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

let broker: TestBroker;

beforeAll(async () => {
  broker = await startTestBroker();
});

afterAll(() => broker[Symbol.asyncDispose]());

const running = new Set<ReturnType<typeof spawn>>();

afterEach(async () => {
  for (const child of running) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  running.clear();
});

const pathOf = (name: string) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

/** Starts one, as `pnpm example NAME` does; `over` resolves when it has ended by itself. */
function example(name: string, home = broker.home, at: Record<string, string> = {}) {
  const [command, ...args] = name.endsWith(".sh")
    ? ["bash", pathOf(name)]
    : [process.execPath, "--conditions=@agentmesh/source", pathOf("run.js"), name.replace(/\.ts$/, "")];
  const child = spawn(command ?? "", args, { env: sourcesEnv({ AGENTMESH_HOME: home, ...at }) });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const over = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, output: () => output, over };
}

/** Runs one to its end; it ends well and leaves nobody behind. */
async function run(name: string): Promise<string> {
  const { over, output } = example(name);
  const before = (await broker.admin.listAgents()).total;
  expect(await over, output()).toBe(0);
  expect((await broker.admin.listAgents()).total).toBe(before);
  return output();
}

test("without a broker each says in one line how to start one", async () => {
  using home = tempDir();
  // The default port may be somebody's broker; on this one nobody listens any more.
  const at = { AGENTMESH_PORT: String(await freePort()) };
  const names = ["two-agents.ts", "topic-fan-out.ts", "custom-agent.ts", "webhook-receiver.ts", "curl.sh"];
  for (const name of names) {
    const { over, output } = example(name, home.path, at);
    expect(await over, output()).toBe(1);
    expect(output(), name).toMatch(/^No broker runs at .*\. Start it with: agentmesh up\n$/);
  }
});

test("two-agents.ts: a question is answered, and its life shown", async () => {
  expect(await run("two-agents.ts")).toMatch(
    /example-ui asks: Which port[\s\S]*replied: 4711[\s\S]*accepted → leased → acked/,
  );
});

test("topic-fan-out.ts: three subscribers get the message, the publisher is accounted for", async () => {
  const lines = (await run("topic-fan-out.ts")).trim().split("\n");
  expect(lines.filter((line) => line.startsWith("stored for"))).toHaveLength(3);
  expect(lines).toContain("not for example-ci: sender");
  expect(lines.filter((line) => line.includes('got "web: 3 tests are red" from example-ci'))).toHaveLength(3);
});

test("curl.sh: send, lease, answer and ack with nothing but HTTP", async () => {
  expect(await run("curl.sh")).toMatch(
    /"state":"queued"[\s\S]*"body":"are the tests green\?"[\s\S]*"body":"all green"[\s\S]*"state":"acked","duplicate":false/,
  );
});

test("those that end by themselves do so as well where the database began another life, and numbers are high", async () => {
  await broker.kill("SIGTERM");
  rmSync(join(broker.home, "mesh.mark.json"));
  await broker.start();
  const names = ["two-agents.ts", "topic-fan-out.ts", "curl.sh"];
  const said = [];
  for (const name of names) said.push(await run(name));
  expect(said[2]).toMatch(/"seq":\d{7,},[\s\S]*"body":"all green"[\s\S]*"state":"acked","duplicate":false/);
});

test("custom-agent.ts: answers, refuses with a reason, outlives the broker, and leaves in order", async () => {
  const { child, output, over } = example("custom-agent.ts");
  await until(() => output().includes("word-counter is in the mesh"), "the example to join");
  const asker = await broker.agent("asker");
  const ask = () => asker.client.ask({ to: "word-counter", body: "how many words is this", timeoutMs: 10_000 });
  expect((await ask()).reply?.body).toBe("5 words");

  const { messageId } = await asker.client.send({ to: "word-counter", body: "  " });
  const state = async () => (await asker.client.getMessage({ message: messageId })).deliveries[0]?.state;
  await until(async () => (await state()) === "dead", "the empty message to be rejected");

  await broker.kill("SIGKILL");
  await broker.start();
  expect((await ask()).reply?.body).toBe("5 words");

  child.kill("SIGTERM");
  expect(await over).toBe(0);
  expect(output()).toContain("left; what comes meanwhile waits in the inbox");
  expect((await broker.admin.getAgent({ agent: "word-counter" })).presence).toBe("offline");
});

test("webhook-receiver.ts: takes what the broker signed, refuses the rest, and leaves without its webhook", async () => {
  const { child, output, over } = example("webhook-receiver.ts");
  await until(() => output().includes("webhook-receiver listens"), "the example to pass its own test post");
  const sender = await broker.agent("sender");
  const { messageId } = await sender.client.send({ to: "webhook-receiver", body: "by post" });
  const state = async () => (await sender.client.getMessage({ message: messageId })).deliveries[0]?.state;
  await until(async () => (await state()) === "acked", "the post to be answered 2xx");
  expect(output()).toContain("sender: by post");

  const { url } = await broker.admin.getWebhook({ agent: "webhook-receiver" });
  expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
  await until(() => output().includes("refused a post"), "the refusal to be said");

  child.kill("SIGTERM");
  expect(await over).toBe(0);
  await expect(broker.admin.getWebhook({ agent: "webhook-receiver" })).rejects.toMatchObject({
    code: "webhook_not_found",
  });
});
