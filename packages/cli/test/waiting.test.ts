/** Commands that wait: what they wait for, a broker that goes and comes back, and what they say when they are ended. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { FileLock, makeStateFolder, openStateFolder } from "@agentmesh/client/node";
import {
  assertInTime,
  cleanEnv,
  freePort,
  openWebhookReceiver,
  programLine,
  type RunningProgram,
  startTestBroker,
  stopwatch,
  type TestBroker,
  tempDir,
  until,
  watched,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli, startCli, startWait } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_REPEATS_PER_MINUTE: "0" } });
  for (const name of ["seer", "sender", "pinged"]) await broker.agent(name);
});
afterAll(() => broker[Symbol.asyncDispose]());

const MESSAGE = /msg_[0-9a-f]{32}/;

/** Every command that waits for somebody, what it waits for, and what it says of what stands. */
const waits = [
  {
    args: ["ask", "seer", "which port?", "--timeout", "1m"],
    what: "the answer of seer to msg_",
    stands: "The question stands",
  },
  {
    args: ["send", "sender", "please", "--wait", "1m"],
    what: "the ack of msg_",
    stands: "The message stays in the inbox",
  },
  {
    args: ["ping", "pinged", "--timeout", "1m"],
    what: "the answer of pinged to the ping msg_",
    stands: "The ping is taken back",
  },
] as const;

const endings = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

describe.each(waits)("$args.0", ({ args, what, stands }) => {
  test.each(endings)("ended by %s it says the id, what stands and how to go on, and exits %d", async (signal, code) => {
    const running = startWait(broker.home, args);
    await until(() => running.stderr().includes(`Waiting for ${what}`), "the wait to be said", 30_000);
    const id = MESSAGE.exec(running.stderr())?.[0] ?? "none";
    running.child.kill(signal);
    expect((await running.exit).code).toBe(code);
    expect(running.stderr()).toContain(`Ended while waiting for ${what}`);
    expect(running.stderr()).toContain(stands);
    expect((await broker.admin.getMessage({ message: id })).message.id).toBe(id);
  });

  test("with --json it waits in silence, and what it says at the end of its time has the id", async () => {
    const ended = await cli(broker.home, [...args.slice(0, -1), "1s", "--json"]);
    expect([ended.code, ended.stderr.trim().split("\n").length]).toEqual([args[0] === "ping" ? 8 : 7, 1]);
    expect(JSON.parse(ended.stderr).error.messageId).toMatch(MESSAGE);
  });
});

test("ask and send --wait outlive a broker that is killed, and ask prints the answer that comes after", async () => {
  await using own = await startTestBroker();
  const seer = await own.agent("seer");
  const asking = startWait(own.home, ["ask", "seer", "which port?", "--timeout", "1m"]);
  const sending = startWait(own.home, ["send", "seer", "please", "--wait", "1m"]);
  for (const each of [asking, sending]) await until(() => each.stderr().includes("Waiting for"), "the wait", 30_000);
  await own.kill("SIGKILL");
  for (const each of [asking, sending])
    await until(() => each.stderr().includes("Lost the broker"), "the loss", 30_000);
  await own.start();
  const { deliveries } = await seer.client.lease({ max: 2, waitMs: 60_000 });
  for (const { id } of deliveries) await seer.client.send({ inReplyTo: id, body: "4711" });
  expect((await asking.exit).code).toBe(0);
  expect(asking.stdout()).toMatch(/seer answered:\n\s+4711/);
  expect((await sending.exit).code).toBe(0);
  for (const each of [asking, sending]) expect(each.stderr()).toContain("The broker is back");
  expect((await own.admin.status()).deliveries.acked).toBeGreaterThanOrEqual(2);
});

test("what follows says that the broker is back when it is, and not when something happens there", async () => {
  await using own = await startTestBroker();
  await own.agent("seer");
  const send = (text: string) => cli(own.home, ["send", "seer", text]);
  await send("hello");
  const following = ["log -f", "inbox -f", "inbox seer -f --json"].map((line) => startWait(own.home, line.split(" ")));
  const each = (said: (one: RunningProgram) => boolean, what: string, ms = 30_000) =>
    Promise.all(following.map((one) => until(() => said(one), what, ms)));
  await each((one) => one.stdout().includes("hello") || one.stderr().includes("Waiting for"), "the beginning");
  await send("more");
  await each((one) => one.stdout().includes("more") || one.stderr().includes("Waiting for more"), "what comes");
  await own.kill("SIGKILL");
  await each((one) => one.stderr().includes("Lost the broker"), "the loss");
  await own.start();
  // A poll of the log takes 25 s when nothing happens.
  await each((one) => one.stderr().includes("The broker is back"), "the word of it", 15_000);
});

test("a webhook's test outlives a broker that is killed: it is posted again", async () => {
  await using own = await startTestBroker();
  const { client } = await own.agent("hooked");
  let posts = 0;
  await using receiver = await openWebhookReceiver((_, answer) => {
    if (++posts > 1) answer.writeHead(200).end();
  });
  await client.setWebhook({ agent: "me", url: receiver.url });
  const testing = startWait(own.home, ["webhook", "test", "hooked"]);
  await until(() => posts > 0, "the post", 30_000);
  await own.kill("SIGKILL");
  await until(() => testing.stderr().includes("Lost the broker"), "the loss", 30_000);
  await own.start();
  expect((await testing.exit).code).toBe(0);
  expect(testing.stderr()).toContain("The broker is back");
  expect(testing.stdout()).toContain("answered 200");
});

test.each(endings.slice(0, 2))(
  "down that is ended by %s while the broker stops says what becomes of it, and it stops",
  async (signal, code) => {
    await using own = await startTestBroker();
    const { token } = await own.agent("seer");
    // A body that does not end is waited for by whoever stops, for a few seconds.
    const unfinished = connect(own.port, "127.0.0.1");
    unfinished.on("error", () => {});
    const head = [
      "POST /v1/messages HTTP/1.1",
      `host: 127.0.0.1:${own.port}`,
      `authorization: Bearer ${token}`,
      "content-type: application/json",
      "content-length: 99",
    ];
    unfinished.write(`${head.join("\r\n")}\r\n\r\n{`);
    await own.admin.status();
    const stopping = startWait(own.home, ["down"]);
    await until(() => own.log().includes("broker.stopping"), "the stop to begin", 30_000);
    stopping.child.kill(signal);
    expect((await stopping.exit).code).toBe(code);
    expect(stopping.stderr()).toMatch(
      /Ended while waiting for the broker at .* to stop\. It (was|may have been) asked to stop,? and does so by itself/,
    );
    expect(stopping.stderr()).toContain("Whether it has: agentmesh status");
    await until(() => !FileLock.isHeld(openStateFolder(own.home).brokerLock), "the broker to end", 30_000);
  },
);

test.each<[string, Record<string, string>]>([
  ["a low disk", {}],
  ["a full inbox", { AGENTMESH_INBOX_MAX_MESSAGES: "1" }],
  ["too many messages a minute", { AGENTMESH_PAIR_PER_MINUTE: "1" }],
])("a question that the broker refuses for %s ends as a send does, and nobody is said to be lost", async (_, env) => {
  await using own = await startTestBroker({ env: { ...env, AGENTMESH_REPEATS_PER_MINUTE: "0" } });
  await own.agent("seer");
  expect(await cli(own.home, ["send", "seer", "first"])).toMatchObject({ code: 0 });
  if (Object.keys(env).length === 0) {
    await own.kill("SIGTERM");
    writeFileSync(join(own.home, "config.json"), JSON.stringify({ minFreeDiskBytes: 2 ** 50 }));
    await own.start();
  }
  const commands = [
    ["send", "seer", "second"],
    ["ask", "seer", "third?", "--timeout", "1m"],
  ];
  for (const ended of await Promise.all(commands.map((args) => cli(own.home, args)))) {
    expect(ended).toMatchObject({ code: 75, stderr: expect.stringContaining("Nothing was stored") });
    expect(ended.stderr).not.toContain("Lost the broker");
  }
});

test("a broker that stays away ends the wait with its time, exit code 3 and the id", async () => {
  const stay = async (args: readonly string[]) => {
    // One each: it goes as soon as it is waited for, so that the time is not over before.
    await using own = await startTestBroker();
    await own.agent("seer");
    const running = startWait(own.home, args);
    await until(() => running.stderr().includes("Waiting for"), "the wait", 30_000);
    await own.kill("SIGKILL");
    expect((await running.exit).code).toBe(3);
    expect(running.stderr()).toMatch(/No broker .*agentmesh trace msg_/s);
  };
  await Promise.all([
    stay(["ask", "seer", "which port?", "--timeout", "5s"]),
    stay(["send", "seer", "please", "--wait", "5s"]),
  ]);
});

test("up and a webhook's test say what they wait for, and what stands when they are ended", async () => {
  await using receiver = await openWebhookReceiver(() => {});
  const { client } = await broker.agent("hooked");
  await client.setWebhook({ agent: "me", url: receiver.url });
  const testing = startWait(broker.home, ["webhook", "test", "hooked"]);
  await until(() => testing.stderr().includes("Waiting for the answer to the test event"), "the wait", 30_000);
  testing.child.kill("SIGINT");
  expect((await testing.exit).code).toBe(130);
  expect(testing.stderr()).toContain("agentmesh webhook show hooked");

  // Whoever holds this lock is starting a broker.
  using empty = tempDir();
  const folder = openStateFolder(empty.path);
  makeStateFolder(folder);
  const lock = FileLock.tryTake(folder.startLock);
  const starting = startCli(empty.path, ["up", "--port", String(await freePort())]);
  await until(() => starting.stderr().includes("Waiting for the broker at http://127.0.0.1:"), "the wait", 30_000);
  const ms = stopwatch();
  starting.child.kill("SIGTERM");
  expect((await starting.exit).code).toBe(143);
  // It would wait 15 s for the one that is being started, and start one itself when that comes to nothing.
  assertInTime(ms(), 7_000);
  expect(starting.stderr()).toContain("Whether it runs: agentmesh status");
  lock?.release();
});

describe("a reader that goes away", () => {
  test.each([
    ["log -f", ["log", "-f"], "accepted"],
    ["send --wait", ["send", "sender", "for a reader", "--wait", "1m"], "queued"],
  ])("ends %s at once, before anything else happens", async (_, args, word) => {
    const line = programLine("cli", args);
    await broker.admin.status();
    const running = watched(
      spawn("bash", ["-c", `${line} < /dev/null | grep -m1 ${word}; echo "codes \${PIPESTATUS[*]}"`], {
        env: cleanEnv({ AGENTMESH_HOME: broker.home }),
      }),
    );
    expect((await running.exit).code).toBe(0);
    expect(running.stdout()).toContain("codes 141 0");
  });
});
