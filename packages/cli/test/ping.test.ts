/** `agentmesh ping`: how far a message comes, and the name of the phase that it did not reach. */
import {
  type ClaudeInbox,
  type McpSession,
  openClaudeInbox,
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
  const running = startCli(broker.home, ["ping", "awake", "--timeout", "20s"]);
  await until(() => inbox.texts.length > 0, "the ping to be pushed", 10_000);
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
    /^accepted +\d+ ms +as #1 of awake\nwoken +\d+ ms +through claude-inbox\nanswered +\d+ ms +"pong"\n$/,
  );
});

test("a deaf session is woken and not heard of; an absent one is not woken, and the ping is taken back (T50)", async () => {
  await using inbox = await openClaudeInbox();
  await using _session = await sessionWith(inbox, "deaf");
  const deaf = await ping("deaf", "2s");
  expect(deaf.code).toBe(1);
  expect(deaf.stdout).toMatch(/woken +\d+ ms +through claude-inbox\n$/);
  expect(deaf.stderr).toContain("deaf was not heard of: It was pushed to deaf through claude-inbox");

  await broker.agent("absent");
  const absent = await ping("absent", "1s");
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain("absent was not woken: absent has had no live session");
  expect((await broker.admin.listInbox({ agent: "absent", state: "all" })).entries[0]?.state).toBe("cancelled");
});
