/** `agentmesh ping`: how far a message comes, and the name of the phase that it did not reach. */
import {
  type ClaudeInbox,
  type McpSession,
  openClaudeInbox,
  openWebhookReceiver,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

const ping = (agent: string, timeout: string) => cli(broker.home, ["ping", agent, "--timeout", timeout]);

async function sessionWith({ path }: ClaudeInbox, name: string): Promise<McpSession> {
  const { home, url } = broker;
  const env = { AGENTMESH_NAME: name, CLAUDE_CODE_MESSAGING_SOCKET: path };
  const session = await startMcpSession({ home, url, cwd: home, env });
  await session.joined();
  return session;
}

test("a session that answers is accepted, woken through its path, and answered (T50)", async () => {
  await using inbox = await openClaudeInbox();
  await using session = await sessionWith(inbox, "awake");
  const running = startCli(broker.home, ["ping", "awake", "--timeout", "1m"]);
  await until(() => inbox.texts.length > 0, "the ping to be pushed");
  // An answer that overtakes the report of the push is told as an answer alone.
  const pushed = async () => {
    const [entry] = (await broker.admin.listInbox({ agent: "awake" })).entries;
    const status = entry && (await broker.admin.getMessage({ message: entry.message.id }));
    return status?.deliveries[0]?.timeline.some(({ event }) => event === "pushed");
  };
  await until(pushed, "the report of the push");
  await session.tool("reply", { message_id: "1", message: "pong" });
  expect((await running.exit).code).toBe(0);
  expect(running.stdout()).toMatch(
    /^accepted +\d+ ms +as #1 of awake\nwoken +\d+ ms +through claude-inbox\nanswered +\d+ ms +“pong”\n$/,
  );
  expect((await broker.admin.listInbox({ agent: "cli" })).entries).toEqual([]);
});

test("a deaf session is woken and not heard of; an absent one is not woken, and the ping is taken back (T50)", async () => {
  await using inbox = await openClaudeInbox();
  await using _session = await sessionWith(inbox, "deaf");
  const deaf = await ping("deaf", "2s");
  expect(deaf.code).toBe(8);
  expect(deaf.stdout).toMatch(/woken +\d+ ms +through claude-inbox\n$/);
  expect(deaf.stderr).toContain("deaf was not heard of: It was pushed to deaf through claude-inbox");
  expect(deaf.stderr.replace(/\s+/g, " ")).toMatch(
    /The ping was given out already: after \d\d:\d\d:\d\d it is given to nobody\./,
  );
  const [out] = (await broker.admin.listInbox({ agent: "deaf" })).entries;
  expect(Date.parse(out?.message.expiresAt ?? "") - Date.parse(out?.message.acceptedAt ?? "")).toBe(12_000);
  expect((await broker.admin.listAsks()).owed).toEqual([]);

  await broker.agent("absent");
  const absent = await ping("absent", "1s");
  expect(absent.code).toBe(8);
  // Said before the wait, and not only at its end.
  expect(absent.stderr).toMatch(/^warning: absent has no live session\./);
  expect(absent.stderr).toContain("absent was not woken: absent has had no live session");
  expect(absent.stderr).toContain("The ping is taken back.");
  expect((await broker.admin.listInbox({ agent: "absent", state: "all" })).entries[0]?.state).toBe("cancelled");
});

test("a webhook that took the ping has not answered it, until its agent does", async () => {
  await using receiver = await openWebhookReceiver(200);
  const { client } = await broker.agent("hooked");
  await client.setWebhook({ agent: "me", url: receiver.url });
  const silent = await ping("hooked", "1s");
  expect(silent.code).toBe(8);
  expect(silent.stdout).toMatch(/^accepted +\d+ ms +as #1 of hooked\ntaken +\d+ ms +by its webhook\n$/);
  expect(silent.stderr.replace(/\s+/g, " ")).toContain(
    "hooked was not heard of: its webhook took the ping, which does not show that a model read it, and no answer came within 1s.",
  );

  const running = startCli(broker.home, ["ping", "hooked", "--timeout", "1m"]);
  const acked = async () =>
    (await client.listInbox({ state: "all" })).entries.find(({ state, seq }) => seq === 2 && state === "acked");
  await until(acked, "the ping to be taken");
  await client.send({ inReplyTo: "2", body: "pong" });
  expect((await running.exit).code).toBe(0);
  expect(running.stdout()).toMatch(/\ntaken +\d+ ms +by its webhook\nanswered +\d+ ms +“pong”\n$/);
});
