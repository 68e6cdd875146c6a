/** Webhooks from the command line: set, seen, tried, rotated, removed; secrets by file, shown once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoints } from "@agentmesh/protocol";
import { openWebhookReceiver, startTestBroker, type TestBroker, thorough, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, cliWithStdin } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_WEBHOOK_REST_MS: "60000" } });
});
afterAll(() => broker[Symbol.asyncDispose]());

const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/m;

test("an agent's webhook is set, tried, used, rotated and removed", async () => {
  await using receiver = await openWebhookReceiver(200);
  await broker.agent("hermes");
  const set = await cli(broker.home, ["webhook", "set", "hermes", `${receiver.url}?key=4711`]);
  expect(set).toMatchObject({ code: 0, stdout: expect.stringMatching(SECRET) });
  expect(set.stdout).toContain(`Posts for hermes go to ${receiver.url} (agentmesh).`);
  expect(set.stderr).toContain("shown only now");
  expect((await cli(broker.home, ["webhook", "show", "hermes"])).stdout).toContain("hermes: untried");
  expect((await cli(broker.home, ["webhook", "test", "hermes"])).stdout).toMatch(
    /^taken: .* answered 200 after \d+ ms$/m,
  );

  const sent = await cli(broker.home, ["send", "hermes", "hello", "--wait", "1m"]);
  expect(sent.stdout).toMatch(/queued as #1 for hermes \(offline, reached by webhook, proven \d+s ago\)/);
  expect(sent.stdout).toMatch(/pushed +through webhook[\s\S]*acked +taken/);
  expect(sent.stderr).not.toContain("warning");
  expect((await cli(broker.home, ["agents"])).stdout).toMatch(/hermes +offline +never +webhook, proven/);
  expect((await cli(broker.home, ["agents", "--live"])).stdout).not.toContain("hermes");

  const rotated = await cli(broker.home, ["webhook", "rotate", "hermes", "--overlap", "2h"]);
  expect(rotated.stdout).toMatch(/The old one signs too for 2h\.\nwhsec_/);
  const shown = (await cli(broker.home, ["webhook", "show", "hermes"])).stdout;
  expect(shown).toMatch(/hermes: working[\s\S]*one at a time, in order[\s\S]*being rotated/);
  expect(shown).not.toMatch(/whsec_|4711/);
  const json = endpoints.getWebhook.reply.parse(
    JSON.parse((await cli(broker.home, ["webhook", "show", "hermes", "--json"])).stdout),
  );
  expect(json).toMatchObject({ state: "working", url: receiver.url });

  expect((await cli(broker.home, ["webhook", "remove", "hermes"])).stdout).toContain(
    "Nothing more is posted for hermes",
  );
  expect((await cli(broker.home, ["webhook", "remove", "hermes"])).stdout).toContain("hermes has no webhook");
  expect(await cli(broker.home, ["webhook", "show", "hermes"])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("agentmesh webhook set hermes"),
  });
});

test("a secret's file is found below home by ~, which no shell expands in --secret-file=~/x, or refused", async () => {
  await using receiver = await openWebhookReceiver(200);
  await broker.agent("tilde");
  writeFileSync(join(broker.home, "secret"), `whsec_${Buffer.alloc(32, 7).toString("base64")}\n`);
  const set = (file: string) =>
    cli(broker.home, ["webhook", "set", "tilde", receiver.url, `--secret-file=${file}`], { HOME: broker.home });
  expect(await set("~/secret")).toMatchObject({ code: 0, stdout: expect.stringContaining("Posts for tilde go to") });
  expect(await set("~grace/secret")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("~grace is not expanded"),
  });
});

test("a webhook that fails exits 1 from its test, and everything about it says why and what to do", async () => {
  await using receiver = await openWebhookReceiver(500);
  await broker.agent("broken");
  await cli(broker.home, ["webhook", "set", "broken", receiver.url]);
  const tried = await cli(broker.home, ["webhook", "test", "broken"]);
  expect(tried).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/did not take the test after \d+ ms: answered 500\./),
  });
  const sender = await broker.agent("sender");
  for (let i = 0; i < 5; i++) await sender.client.send({ to: "broken", body: `message ${i}` });
  await until(async () => (await broker.admin.getWebhook({ agent: "broken" })).nextTryAt, "the rest");
  const shown = (await cli(broker.home, ["webhook", "show", "broken"])).stdout;
  expect(shown).toMatch(/broken: resting[\s\S]*answered 500 \(5 in a row\)”[\s\S]*next try +in \d+/);
  const sent = await cli(broker.home, ["send", "broken", "late"]);
  expect(sent.stdout).toContain("the last push through webhook failed");
  expect(sent.stderr.replace(/\s+/g, " ")).toContain("Try it now: agentmesh webhook test broken");
  expect((await cli(broker.home, ["agents"])).stdout).toMatch(
    /broken +offline +never +webhook, failing: “answered 500/,
  );
  const { pushPaths } = await sender.client.getAgent({ agent: "broken" });
  expect(pushPaths).toMatchObject([{ failedWhy: "answered 500 (5 in a row)", nextTryAt: expect.stringMatching(/Z$/) }]);
  expect(sent.stderr.replace(/\s+/g, " ")).toMatch(
    /\(“answered 500 \(5 in a row\)”, rests until (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\)/,
  );
});

test.runIf(thorough)(
  "a test outlives a webhook that never answers, and says so (eleven seconds: in test:thorough)",
  async () => {
    await using slow = await startTestBroker({ env: { AGENTMESH_WEBHOOK_TIMEOUT_MS: "10500" } });
    await using receiver = await openWebhookReceiver(() => undefined);
    await slow.agent("silent");
    await cli(slow.home, ["webhook", "set", "silent", receiver.url]);
    expect(await cli(slow.home, ["webhook", "test", "silent"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/did not take the test after 1\d{4} ms: /),
    });
  },
);

test("OpenClaw's token and a secret of one's own come from a file or stdin, and never from the command line", async () => {
  await using receiver = await openWebhookReceiver(200);
  await broker.agent("claw");
  const file = join(broker.home, "claw-token");
  writeFileSync(file, "claw-token-4711\n");
  const url = `http://127.0.0.1:${receiver.port}`;
  const openclaw = ["webhook", "set", "claw", url, "--dialect", "openclaw", "--token-file", file, "--hook", "wake"];
  expect(await cli(broker.home, openclaw)).toMatchObject({ code: 0, stdout: expect.not.stringContaining("4711") });
  await cli(broker.home, ["webhook", "test", "claw"]);
  expect(receiver.posts[0]).toMatchObject({
    path: "/hooks/wake",
    headers: { authorization: "Bearer claw-token-4711" },
  });

  const own = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
  const given = await cliWithStdin(broker.home, ["webhook", "set", "claw", url, "--secret-file", "-"], own);
  expect(given).toMatchObject({ code: 0, stdout: expect.not.stringContaining("whsec_") });

  const legacy = await cli(broker.home, ["webhook", "set", "claw", url, "--dialect", "legacy"]);
  expect(legacy).toMatchObject({ code: 0, stdout: expect.stringContaining("(legacy)") });

  const wrong: [string[], RegExp][] = [
    [["set", "claw", url, "--dialect", "openclaw"], /needs --token-file/],
    [["set", "claw", url, "--agent-id", "main"], /--agent-id goes with --dialect openclaw/],
    [["set", "claw", url, "--secret-file", "/nowhere/at/all"], /cannot be read/],
    [
      ["set", "claw", url, "--dialect", "smoke-signals"],
      /--dialect takes agentmesh, cloudevents, openclaw, hermes, continue, a2a, a2a-push or legacy, not "smoke-signals"/,
    ],
    [["set", "claw"], /Missing required argument "url"\. How it is used:/],
  ];
  for (const [args, why] of wrong) {
    expect(await cli(broker.home, ["webhook", ...args])).toMatchObject({ code: 2, stderr: expect.stringMatching(why) });
  }
  const refused = await cli(broker.home, ["webhook", "set", "claw", "http://10.0.0.1:8080/"]);
  expect(refused).toMatchObject({ code: 5, stderr: expect.stringMatching(/private or reserved[\s\S]*webhookAllow/) });
});
