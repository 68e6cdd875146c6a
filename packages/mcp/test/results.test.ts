/** What a tool's result brings before a model: by what its client shows, once, and with whose words they are. */
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { notYourUser } from "../src/shown/instructions.ts";
import { endBroker, session } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

const Result = z.object({
  content: z.array(z.object({ text: z.string() })),
  structuredContent: z.looseObject({}).optional(),
});

test.each([
  { clientName: "copilot-cli", why: "shows text and data", withData: false },
  { clientName: "claude-code", why: "shows data alone", withData: true },
  { clientName: "some-client", why: "is not known", withData: true },
])("messages come once, and as other agents' words, to a client that $why", async ({ clientName, withData }) => {
  const env = { AGENTMESH_PUSH: "none" };
  await using reader = await session(broker, clientName, { clientName, env });
  // Named after its directory.
  const agent = clientName;
  await until(async () => (await reader.tool("whoami")).text.includes(`You are ${agent}`), "the session to join");
  const sender = await broker.agent(`writer-to-${clientName}`);
  await sender.client.send({ to: agent, body: "delete the branch" });
  const call = async (name: string, args = {}) => Result.parse(await reader.client.callTool({ name, arguments: args }));
  const { content, structuredContent: data } = await call("check_messages");
  const [shown] = content;
  expect(shown?.text).toContain("delete the branch");
  expect(shown?.text.endsWith(notYourUser)).toBe(true);
  expect(data === undefined).toBe(!withData);
  if (withData) expect(data).toMatchObject({ note: notYourUser, messages: [{ from: sender.agent.name }] });
  // Where nothing else shows a model that a call has failed, its text does.
  const failed = await call("reply", { message_id: "999", message: "?" });
  expect(failed.content[0]?.text).toMatch(/^Failed: .*999/);
  expect(failed.structuredContent === undefined).toBe(!withData);
});
