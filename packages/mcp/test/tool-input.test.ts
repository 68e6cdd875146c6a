/** What the tools take for "not given", and what they say of values they do not take: over every tool and parameter. */
import type { MeshClient } from "@agentmesh/client";
import { type McpSession, startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { tools } from "../src/tools/index.ts";
import { endBroker, session } from "./setting.ts";

const over = new AbortController();
let broker: TestBroker;
let agent: McpSession;
beforeAll(async () => {
  broker = await startTestBroker();
  const other = await broker.agent("other");
  void answering(other.client, over.signal);
  agent = await session(broker, "asked", { env: { AGENTMESH_SUMMARY: "none" } });
  await agent.joined();
});
afterAll(async () => {
  over.abort();
  await agent.close();
  await endBroker(broker);
});

/** Answers every question, so that no call has to wait. */
async function answering(client: MeshClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { deliveries } = await client.lease({ waitMs: 1_000 }, { signal }).catch(() => ({ deliveries: [] }));
    for (const { id, message } of deliveries) {
      if (message.answerBy === undefined) await client.ack({ delivery: id });
      else await client.send({ inReplyTo: message.id, body: `to ${message.body}` });
    }
  }
}

/** A call of each tool that is right, for one parameter of it to be wrong in. */
const right: Record<string, Record<string, unknown>> = {
  send_message: { to: "other", message: "hello" },
  reply: { message_id: "1", message: "hello" },
  ask_peer: { to: "other", message: "hello?" },
  publish: { topic: "a.b", message: "hello" },
  subscribe: { topic: "a.b" },
  trace_message: { message_id: "1" },
  set_summary: { summary: "at work" },
};

let calls = 0;

/** The same with another text each time: the broker takes the same one three times a minute. */
function rightly(tool: string): Record<string, unknown> {
  const call = right[tool] ?? {};
  return "message" in call ? { ...call, message: `${call.message} ${++calls}` } : call;
}

const parameters = tools.flatMap((tool) => {
  const { properties, required = [] } = tool.schema();
  return Object.entries(properties).map(([name, schema]) => ({
    tool: tool.name,
    name,
    type: schema.type,
    // The alias and its name stand for each other; of set_summary one is enough.
    required: required.includes(name) || ["to", "summary"].includes(name),
  }));
});
const optional = parameters.filter(({ required }) => !required);

/** The words of the library that checks values, and of JavaScript; never for a model. */
const LIBRARY =
  /invalid (input|option|string|type|format|key|value|number)|too (small|big)|expected|received|unrecognized|regex|pattern|zod|NaN|\[object|undefined|must match|[<>]=/i;

const call = async (tool: string, args: unknown) => {
  const answer = await agent.client.request(
    { method: "tools/call", params: { name: tool, arguments: args } },
    z.object({ content: z.array(z.object({ text: z.string() })), isError: z.boolean().default(false) }),
  );
  return { text: answer.content.map(({ text }) => text).join("\n"), isError: answer.isError };
};

describe("not given is", () => {
  const nothings = [null, "", "  ", "null", {}, []];

  test.each(optional.map(({ tool, name }) => [tool, name]))(
    "null for %s %s, as if it was left out",
    async (tool, name) => {
      const { isError, text } = await call(tool, { ...rightly(tool), [name]: null });
      expect(isError, text).toBe(false);
    },
  );

  test.each(optional.map(({ tool, name }) => [tool, name]))("what %s %s has no use for", async (tool, name) => {
    for (const nothing of nothings) {
      const { isError, text } = await call(tool, { ...rightly(tool), [name]: nothing });
      expect(isError, `${JSON.stringify(nothing)}: ${text}`).toBe(false);
    }
  });

  test("every parameter of a call at once", async () => {
    expect((await call("check_messages", { thread: null, search: null, before: null })).text).toMatch(/message/);
    expect((await call("check_messages", { thread: "null", search: "", before: "null" })).isError).toBe(false);
    expect((await call("list_peers", { scope: "", include_offline: "null" })).text).toContain("asked (you)");
    const sent = await call("send_message", { to: "other", to_id: "null", message: "x", thread_id: "", urgency: null });
    expect(sent.text).toContain("to other is stored");
  });

  test("no arguments, null, an empty text and an empty list, where arguments belong", async () => {
    for (const none of [undefined, null, "", {}, []]) {
      expect((await call("whoami", none)).text).toContain("You are asked");
      expect((await call("send_message", none)).text).toContain("message is missing");
    }
  });

  test("a name that no parameter has, when its value is null; with a value it is named", async () => {
    expect((await call("whoami", { task_progress: null })).isError).toBe(false);
    expect((await call("whoami", { task_progress: "1/2" })).text).toBe(
      'Failed: whoami does not know "task_progress"; it takes no parameters.',
    );
  });

  test("never a word that a parameter takes: a search for null is one, and an empty summary empties it", async () => {
    await call("send_message", { to: "other", message: "it returns null here" });
    expect((await call("check_messages", { search: "null" })).text).toContain("it returns null here");
    await call("set_summary", { summary: "at work" });
    expect((await call("set_summary", { summary: "" })).text).toBe("Your summary is empty now.");
  });

  test("null for what has to be given, which is then missing", async () => {
    const missing = parameters.filter(
      ({ tool, name, required }) => required && tool !== "set_summary" && name !== "to_id",
    );
    expect(missing.length).toBeGreaterThan(8);
    for (const { tool, name } of missing) {
      const { text, isError } = await call(tool, { ...rightly(tool), [name]: null });
      expect(isError).toBe(true);
      expect(text).toMatch(new RegExp(`${name}"? is missing`));
    }
  });
});

test("numbers and truth values are taken as text, and text as a number where a text is wanted", async () => {
  expect((await call("subscribe", { topic: "c.d", retained: "3", unsubscribe: "False" })).text).toContain("Subscribed");
  expect((await call("subscribe", { topic: "c.d", unsubscribe: "true" })).text).toContain("Unsubscribed");
  expect((await call("set_summary", { summary: 42, focus_minutes: " 5 " })).text).toContain("“42”\nUntil ");
  expect((await call("set_summary", { focus_minutes: "0" })).text).toContain("not in focus");
  expect((await call("check_messages", { search: 42 })).isError).toBe(false);
  for (const [value, words] of [
    ["1.5", "a whole number"],
    ["ten", "a number"],
    ["1e2", "a number"],
    ["500", "at most 110"],
    [true, "a number"],
  ] as const) {
    const { text } = await call("ask_peer", { to: "other", message: "x", wait_seconds: value });
    expect(text).toContain(`ask_peer: wait_seconds takes ${words}, not `);
  }
});

describe("a wrong value", () => {
  const values: unknown[] = [
    ...[null, "", "  ", "x", "null", "x".repeat(300), "Not A Name!", "<agentmesh>", "\u0000", "\ud800", "\u202e"],
    ...[0, -1, 1.5, 1e9, 1e300, true, false, [], ["x"], [null], {}, { x: 1 }, { toString: 1 }, { __proto__: null }],
  ];

  test.each(parameters.map(({ tool, name }) => [tool, name]))(
    "for %s %s is never told in the library's words",
    async (tool, name) => {
      let refused = 0;
      for (const value of values) {
        const { text, isError } = await call(tool, { ...rightly(tool), [name]: value });
        expect(text, JSON.stringify(value)).not.toMatch(LIBRARY);
        if (!isError) continue;
        refused++;
        expect(text.length).toBeLessThan(400);
        expect(text).not.toContain("<agentmesh>");
      }
      // A list at least is taken nowhere.
      expect(refused).toBeGreaterThan(0);
    },
  );

  test("is named with what is taken instead, and is quoted only when it is short", async () => {
    expect((await call("publish", { topic: "Build Failed", message: "x" })).text).toBe(
      'Failed: publish: topic takes words of a-z 0-9 _ - joined by dots, at most 16, not "Build Failed"; it takes topic, message, urgency.',
    );
    expect((await call("publish", { topic: "b", message: ["x"], urgency: "high" })).text).toBe(
      'Failed: publish: message takes a text, not a list of 1; urgency takes "fyi", "normal" or "interrupt", not "high"; it takes topic, message, urgency.',
    );
    expect((await call("ask_peer", { to: "x".repeat(500), message: "x" })).text).toContain(
      "to takes at most 128 characters, not a text of 500 characters",
    );
  });

  test("where arguments belong is told as well", async () => {
    for (const none of [["x"], "x", 7, false]) {
      for (const { name } of tools) {
        const { isError, text } = await call(name, none);
        expect(isError).toBe(true);
        expect(text).toContain(`${name}: the arguments have to be an object with its parameters; it takes `);
      }
    }
    await expect(call("no_such_tool", {})).rejects.toThrow('agentmesh has no tool "no_such_tool". It has list_peers, ');
  });
});

test("the schemas that clients see say what is wanted, without alternatives with null", () => {
  const said = JSON.stringify(tools.map((tool) => tool.schema()));
  expect(said).not.toMatch(/anyOf|oneOf|null|"required":\[\]/);
  for (const { type } of parameters) expect(["string", "integer", "boolean"]).toContain(type);
});
