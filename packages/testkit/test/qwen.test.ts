/**
 * Qwen Code, played by a socket and files that do what the real one was seen to do: the inbox, its receipts, the record of a
 * session and its transcript. `pnpm test:clients` has the real one.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import {
  cleanEnv,
  type McpSession,
  sampleOf,
  startMcpSession,
  startProgram,
  startTestBroker,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

const Auth = z.object({ msgV: z.literal(1), type: z.literal("auth"), token: z.string() });
const Frame = z.object({
  msgV: z.literal(1),
  msgId: z.string(),
  type: z.literal("user"),
  from: z.string(),
  replyToken: z.string(),
  toSessionId: z.string(),
  message: z.object({ role: z.literal("user"), content: z.string() }),
});

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A Qwen Code session: which conversation it is in, what it takes, and what it says of a text. */
class Qwen implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly token = randomUUID();
  readonly frames: z.infer<typeof Frame>[] = [];
  conversation: string;
  says: readonly string[] = ["delivered"];
  #server: Server | undefined;
  adapter!: McpSession;

  private constructor(name: string) {
    this.name = name;
    this.folder = join(broker.home, "qwen", name);
    this.conversation = `con-${name}`;
    mkdirSync(join(this.folder, "project", "chats"), { recursive: true });
    mkdirSync(join(this.folder, "sessions"), { recursive: true });
  }

  static async start(name: string, more: Record<string, string> = {}): Promise<Qwen> {
    const qwen = new Qwen(name);
    const socket = join(qwen.folder, "inbox.sock");
    qwen.#server = createServer({ allowHalfOpen: true }, (connection) => {
      let text = "";
      connection.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      connection.on("end", () => {
        connection.end();
        const [first = "", second = ""] = text.split("\n");
        if (Auth.parse(JSON.parse(first)).token === qwen.token) void qwen.#took(Frame.parse(JSON.parse(second)));
      });
    }).listen(socket);
    qwen.#register();
    const cwd = join(broker.home, "work", name);
    mkdirSync(cwd, { recursive: true });
    qwen.adapter = await startMcpSession({
      ...{ home: broker.home, url: broker.url, cwd, clientName: "qwen-cli-mcp-client-agentmesh" },
      env: {
        QWEN_CODE_MESSAGING_SOCKET: socket,
        QWEN_CODE_MESSAGING_TOKEN: qwen.token,
        QWEN_CODE_SESSION_ID: qwen.conversation,
        QWEN_CODE_PROJECT_DIR: join(qwen.folder, "project"),
        QWEN_HOME: qwen.folder,
        ...more,
      },
    });
    await qwen.adapter.joined();
    return qwen;
  }

  /** What /clear does. */
  cleared(): void {
    this.conversation = `con-${this.name}-cleared`;
    this.#register();
  }

  #register(): void {
    const record = { schemaVersion: 1, pid: process.pid, sessionId: this.conversation, procStart: null, pidNs: null };
    writeFileSync(join(this.folder, "sessions", `${process.pid}.json`), JSON.stringify(record));
  }

  async #took(frame: z.infer<typeof Frame>): Promise<void> {
    this.frames.push(frame);
    const addressed = frame.toSessionId === this.conversation;
    const says = addressed ? this.says : ["misaddressed"];
    if (says.includes("delivered")) this.#show(frame.message.content);
    for (const status of says) await receipt(frame, { status, reason: `so says ${this.name}` });
  }

  /** The model is given a text, and answers. */
  #show(text: string): void {
    const note = (entry: object) =>
      appendFileSync(
        join(this.folder, "project", "chats", `${this.conversation}.jsonl`),
        `${JSON.stringify({ timestamp: new Date().toISOString(), ...entry })}\n`,
      );
    note({ type: "user", provenance: "system", message: { role: "user", parts: [{ text }] } });
    note({
      type: "assistant",
      provenance: "assistant_output",
      message: { role: "model", parts: [{ text: "so I see" }] },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.adapter.close();
    this.#server?.close();
  }
}

/** Says what became of a text, with the token that its sender gave for that. */
async function receipt({ from, replyToken, msgId }: z.infer<typeof Frame>, more: object): Promise<void> {
  const control = { type: "control", action: "delivery_status", origMsgId: msgId, ...more };
  const lines = [
    { msgV: 1, type: "auth", token: replyToken },
    { msgV: 1, msgId: randomUUID(), ...control },
  ];
  const socket = connect(from, () => socket.end(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
  await once(socket.resume(), "close");
}

const pathsOf = async (name: string) => (await broker.admin.getAgent({ agent: name })).pushPaths;

async function timeline(message: `msg_${string}`): Promise<string> {
  const [delivery] = (await broker.admin.getMessage({ message })).deliveries;
  return delivery?.timeline.map(({ event, path, reason }) => [event, path ?? reason].join(" ").trim()).join(", ") ?? "";
}

const acked = (message: `msg_${string}`) =>
  until(async () => {
    const said = await timeline(message);
    return said.includes(", acked") ? said : undefined;
  }, "the ack");

test("an idle session is shown messages through its inbox, each text under an id of its own, and its transcript acks them", async () => {
  await using qwen = await Qwen.start("idle");
  const first = await sender.send({ to: "idle", body: "which port?" });
  expect(await acked(first.messageId)).toBe("accepted, leased, pushed qwen-inbox, acked transcript");
  const second = await sender.send({ to: "idle", body: "and which host?" });
  await acked(second.messageId);
  const [one, other] = qwen.frames;
  expect(one?.message.content).toContain("which port?");
  expect(new Set([one?.msgId, other?.msgId]).size).toBe(2);
  expect(one?.toSessionId).toBe("con-idle");
  expect((await pathsOf("idle"))[0]?.provenAt).toBeDefined();
});

test.each(sampleOf(["held", "denied", "refused", "misaddressed", "dropped", "expired"], 2))(
  "a text that Qwen Code calls %s was not brought, and its sender is told so in Qwen Code's words",
  async (status) => {
    await using qwen = await Qwen.start(`not-${status}`);
    qwen.says = [status];
    const { messageId } = await sender.send({ to: qwen.name, body: "are you there?" });
    await until(async () => (await timeline(messageId)).includes("push_failed"), "the push to fail");
    expect((await pathsOf(qwen.name))[0]?.failedWhy).toBe(
      `Qwen Code says that the message is ${status}: so says ${qwen.name}`,
    );
    const read = async () => (await qwen.adapter.tool("check_messages")).text.includes("are you there?");
    await until(read, "the message to wait for check_messages");
    expect(await acked(messageId)).toContain("acked read");
  },
);

test("a Qwen Code that never says what became of a text has it all the same", async () => {
  await using qwen = await Qwen.start("mute");
  qwen.says = [];
  const { messageId } = await sender.send({ to: "mute", body: "one" });
  await until(async () => (await timeline(messageId)).includes("pushed qwen-inbox"), "the push");
  expect(qwen.frames).toHaveLength(1);
  await qwen.adapter.tool("check_messages");
});

test("after /clear a text is addressed to the conversation that the session is in now", async () => {
  await using qwen = await Qwen.start("moving");
  await acked((await sender.send({ to: "moving", body: "before" })).messageId);
  qwen.cleared();
  const { messageId } = await sender.send({ to: "moving", body: "after" });
  expect(await acked(messageId)).toContain("acked transcript");
  expect(qwen.frames.at(-1)?.toSessionId).toBe("con-moving-cleared");
});

test("hooks bring what the inbox cannot, and are silent where a tool's result only looks like a prompt", async () => {
  await using qwen = await Qwen.start("hooked", { AGENTMESH_PUSH: "qwen-hooks" });
  const hook = async (event: string, more: object = {}) => {
    const env = cleanEnv({ AGENTMESH_HOME: broker.home });
    const running = startProgram("mcp", ["hook", "qwen", "--by-setup"], { env });
    running.child.stdin?.end(
      JSON.stringify({ hook_event_name: event, session_id: qwen.conversation, prompt: "", ...more }),
    );
    await running.exit;
    return running.stdout();
  };
  await sender.send({ to: "hooked", body: "for the next prompt" });
  expect(await hook("UserPromptSubmit")).toBe("");
  const printed = await until(
    async () => (await hook("UserPromptSubmit", { submitted_prompt: "go on" })) || undefined,
    "the hook's mail",
  );
  expect(JSON.parse(printed)).toMatchObject({
    hookSpecificOutput: {
      hookEventName: "UserPromptSubmit",
      additionalContext: expect.stringContaining("for the next prompt"),
    },
  });
  await qwen.adapter.tool("check_messages");
});

test("an adapter that all sessions of a server share pushes into none of them", async () => {
  await using qwen = await Qwen.start("shared", { QWEN_CODE_SERVE: "1" });
  expect(await pathsOf("shared")).toEqual([]);
  const { deliveries } = await sender.send({ to: "shared", body: "is anybody here?" });
  expect(deliveries[0]?.warnings?.map(({ code }) => code)).toContain("no_push_path");
  expect((await qwen.adapter.tool("check_messages")).text).toContain("is anybody here?");
});
