/** The predecessor's wire: its recorded requests and answers, no lost mail, and nothing of an agent that has a token. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { cleanEnv, listening, runProgram, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

let broker: TestBroker;

beforeAll(async () => {
  broker = await startTestBroker({ args: ["--legacy"] });
});

afterAll(() => broker[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

/** One request as the predecessor's clients make it. */
async function post(path: string, body: unknown, headers: Record<string, string> = {}, at = broker): Promise<Answer> {
  const response = await fetch(at.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
}

const Registered = z.strictObject({ id: z.string().regex(/^[a-z0-9]{8}$/), token: z.string().regex(/^[0-9a-f]{64}$/) });
const Polled = z.strictObject({
  messages: z.array(
    z.strictObject({
      id: z.int(),
      from_id: z.string(),
      to_id: z.string(),
      text: z.string(),
      topic: z.string().nullable(),
      sent_at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      delivered: z.literal(0),
    }),
  ),
});

async function register(cwd: string, more: Record<string, unknown> = {}, at = broker) {
  const said = { pid: process.pid, cwd, git_root: null, tty: null, summary: "", ...more };
  return Registered.parse((await post("/register", said, {}, at)).body);
}

const poll = async (id: string, at = broker) =>
  Polled.parse((await post("/poll-messages", { id }, {}, at)).body).messages;
const texts = async (id: string, at = broker) => (await poll(id, at)).map(({ text }) => text);
const send = (from_id: string, to_id: string, text: string, at = broker) =>
  post("/send-message", { from_id, to_id, text }, {}, at);

/** Resolves after a time that the subject of a test is. */
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Id of a process that is over. */
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

/** State of the first delivery of the newest message that was sent to an agent. */
async function stateOf(name: string, at = broker) {
  const { entries } = await at.admin.listInbox({ agent: name, state: "all", limit: 25 });
  return entries.map(({ state }) => state);
}

/** The name that the mesh has for a peer. */
async function nameIn(cwd: string, at = broker): Promise<string> {
  const { agents } = await at.admin.listAgents({ directory: cwd });
  return agents.at(-1)?.name ?? "";
}

describe("the recorded wire", () => {
  const hermes = {
    pid: 1,
    hostname: "remote-host",
    cwd: "/w/b",
    git_root: "/w",
    tty: "pts/1",
    summary: "s",
    agent_type: "hermes",
    agent_name: "nm",
    capabilities: ["code", "x"],
    transport: { type: "poll", poll_interval_ms: 500 },
  };
  let a: string;
  let h: string;

  beforeAll(async () => {
    a = (await register("/w/a", { summary: "hi" })).id;
    h = Registered.parse((await post("/register", hermes)).body).id;
  });

  const ok = { ok: true };
  const refused = { error: expect.any(String) };
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const rows: [name: string, path: string, body: () => unknown, status: number, answer: () => unknown][] = [
    ["13 unknown POST", "/nope", () => ({}), 404, () => ({ error: "not found" })],
    ["14 trailing slash", "/heartbeat/", () => ({ id: "x" }), 404, () => ({ error: "not found" })],
    ["15 query on POST", "/heartbeat?x=1", () => ({ id: "x" }), 200, () => ok],
    ["21 register {}", "/register", () => ({}), 400, () => refused],
    ["23 register no cwd", "/register", () => ({ pid: 1, summary: "" }), 400, () => refused],
    ["24 register no summary", "/register", () => ({ pid: 1, hostname: "h2", cwd: "/x" }), 400, () => refused],
    ["29 register cwd object", "/register", () => ({ pid: 1, cwd: { a: 1 }, summary: "" }), 400, () => refused],
    ["34 register body null", "/register", () => "null", 400, () => refused],
    ["35 register body array", "/register", () => "[]", 400, () => refused],
    ["38 bad JSON", "/register", () => "{bad", 400, () => refused],
    ["39 empty body", "/register", () => "", 400, () => refused],
    ["55 heartbeat unknown id", "/heartbeat", () => ({ id: "unknown1" }), 200, () => ok],
    ["56 heartbeat missing id", "/heartbeat", () => ({}), 200, () => ok],
    ["57 heartbeat id number", "/heartbeat", () => ({ id: 5 }), 200, () => ok],
    ["58 heartbeat id object", "/heartbeat", () => ({ id: {} }), 400, () => refused],
    ["59 set-summary ok", "/set-summary", () => ({ id: a, summary: "new" }), 200, () => ok],
    ["60 set-summary unknown", "/set-summary", () => ({ id: "unknown1", summary: "x" }), 200, () => ok],
    ["61 set-summary no summary", "/set-summary", () => ({ id: a }), 400, () => refused],
    ["63 set-summary number", "/set-summary", () => ({ id: a, summary: 7 }), 200, () => ok],
    [
      "66 list exclude self",
      "/list-peers",
      () => ({ scope: "machine", cwd: "/", git_root: null, exclude_id: a, agent_type: "hermes" }),
      200,
      () => [{ id: h, ...hermes, registered_at: time, last_seen: time }],
    ],
    ["67 list {}", "/list-peers", () => ({ agent_type: "none" }), 200, () => []],
    [
      "69 list directory",
      "/list-peers",
      () => ({ scope: "directory", cwd: "/w/a" }),
      200,
      () => [
        {
          id: a,
          pid: process.pid,
          cwd: "/w/a",
          git_root: null,
          tty: null,
          hostname: "localhost",
          summary: "7",
          agent_type: "claude-code",
          agent_name: "",
          capabilities: [],
          transport: { type: "poll" },
          registered_at: time,
          last_seen: time,
        },
      ],
    ],
    ["70 list directory no cwd", "/list-peers", () => ({ scope: "directory" }), 200, () => []],
    [
      "71 list repo",
      "/list-peers",
      () => ({ scope: "repo", cwd: "/w/zzz", git_root: "/w" }),
      200,
      () => [expect.objectContaining({ id: h })],
    ],
    [
      "72 list repo, null git_root falls to cwd",
      "/list-peers",
      () => ({ scope: "repo", cwd: "/w/a", git_root: null }),
      200,
      () => [expect.objectContaining({ id: a })],
    ],
    [
      "68 list bad scope is the machine",
      "/list-peers",
      () => ({ scope: "galaxy" }),
      200,
      () => [expect.objectContaining({ id: a }), expect.objectContaining({ id: h })],
    ],
    [
      "73 list caps all",
      "/list-peers",
      () => ({ capabilities: ["code", "x"] }),
      200,
      () => [expect.objectContaining({ id: h })],
    ],
    ["74 list caps missing one", "/list-peers", () => ({ capabilities: ["code", "y"] }), 200, () => []],
    ["76 list caps string", "/list-peers", () => ({ capabilities: "code" }), 400, () => refused],
    ["77 send ok", "/send-message", () => ({ from_id: h, to_id: a, text: "hello" }), 200, () => ok],
    [
      "78 send from an id that nobody has",
      "/send-message",
      () => ({ from_id: "anyone", to_id: a, text: "hey" }),
      200,
      () => ok,
    ],
    [
      "79 send unknown to",
      "/send-message",
      () => ({ from_id: h, to_id: "unknown1", text: "x" }),
      200,
      () => ({ ok: false, error: "Peer unknown1 not found" }),
    ],
    [
      "80 send missing to",
      "/send-message",
      () => ({ from_id: h, text: "x" }),
      200,
      () => ({ ok: false, error: "Peer undefined not found" }),
    ],
    ["81 send missing from", "/send-message", () => ({ to_id: a, text: "x" }), 400, () => refused],
    ["82 send missing text", "/send-message", () => ({ from_id: h, to_id: a }), 400, () => refused],
    ["83 send empty text", "/send-message", () => ({ from_id: h, to_id: a, text: "" }), 200, () => ok],
    ["84 send text number", "/send-message", () => ({ from_id: h, to_id: a, text: 5 }), 200, () => ok],
    ["85 send text object", "/send-message", () => ({ from_id: h, to_id: a, text: { a: 1 } }), 400, () => refused],
    ["86 send text bool", "/send-message", () => ({ from_id: h, to_id: a, text: true }), 200, () => ok],
    ["87 send text null", "/send-message", () => ({ from_id: h, to_id: a, text: null }), 400, () => refused],
    ["88 send to self", "/send-message", () => ({ from_id: a, to_id: a, text: "self" }), 200, () => ok],
    [
      "89 send extra fields",
      "/send-message",
      () => ({ from_id: h, to_id: a, text: "x", topic: "t", id: 99 }),
      200,
      () => ok,
    ],
    ["90 send NUL and emoji", "/send-message", () => ({ from_id: h, to_id: a, text: "a\0b ☃ 😀" }), 200, () => ok],
    [
      "91 send lone surrogate",
      "/send-message",
      () => `{"from_id":"${h}","to_id":"${a}","text":"x\\ud800y"}`,
      200,
      () => ok,
    ],
    [
      "92 poll",
      "/poll-messages",
      () => ({ id: a }),
      200,
      () => ({
        messages: [
          { from: h, text: "hello" },
          { from: "anyone", text: "hey" },
          { from: h, text: "" },
          { from: h, text: "5" },
          { from: h, text: "1" },
          { from: a, text: "self" },
          { from: h, text: "x" },
          { from: h, text: "a\0b ☃ 😀" },
          { from: h, text: "x\ufffdy" },
        ].map(({ from, text }, i) => ({
          id: i + 1,
          from_id: from,
          to_id: a,
          text,
          topic: null,
          sent_at: time,
          delivered: 0,
        })),
      }),
    ],
    ["93 poll again", "/poll-messages", () => ({ id: a }), 200, () => ({ messages: [] })],
    ["94 poll unknown id", "/poll-messages", () => ({ id: "unknown1" }), 200, () => ({ messages: [] })],
    ["95 poll missing id", "/poll-messages", () => ({}), 200, () => ({ messages: [] })],
    ["96 subscribe", "/subscribe", () => ({ id: a, topic: "t1" }), 200, () => ok],
    ["97 subscribe twice", "/subscribe", () => ({ id: a, topic: "t1" }), 200, () => ok],
    ["98 subscribe unknown id", "/subscribe", () => ({ id: "ghost123", topic: "t1" }), 200, () => ok],
    ["99 subscribe missing topic", "/subscribe", () => ({ id: a }), 200, () => ok],
    ["100 subscribe missing id", "/subscribe", () => ({ topic: "t1" }), 200, () => ok],
    ["101 subscribe empty topic", "/subscribe", () => ({ id: a, topic: "" }), 200, () => ok],
    [
      "102 broadcast",
      "/broadcast",
      () => ({ from_id: h, topic: "t1", text: "bc" }),
      200,
      () => ({ ok: true, delivered_to: [a, "ghost123"].sort() }),
    ],
    [
      "103 broadcast from a subscriber",
      "/broadcast",
      () => ({ from_id: a, topic: "t1", text: "bc2" }),
      200,
      () => ({ ok: true, delivered_to: ["ghost123"] }),
    ],
    [
      "104 broadcast no subscribers",
      "/broadcast",
      () => ({ from_id: h, topic: "none", text: "bc" }),
      200,
      () => ({ ok: true, delivered_to: [] }),
    ],
    [
      "105 broadcast missing topic",
      "/broadcast",
      () => ({ from_id: h, text: "bc" }),
      200,
      () => ({ ok: true, delivered_to: [] }),
    ],
    ["106 broadcast missing text", "/broadcast", () => ({ from_id: h, topic: "t1" }), 400, () => refused],
    ["108 broadcast missing from", "/broadcast", () => ({ topic: "t1", text: "x" }), 400, () => refused],
    [
      "109 poll broadcast",
      "/poll-messages",
      () => ({ id: a }),
      200,
      () => ({
        messages: [{ id: 10, from_id: h, to_id: a, text: "bc", topic: "t1", sent_at: time, delivered: 0 }],
      }),
    ],
    [
      "110 poll broadcast of an id that never registered",
      "/poll-messages",
      () => ({ id: "ghost123" }),
      200,
      () => ({ messages: [expect.objectContaining({ text: "bc" }), expect.objectContaining({ text: "bc2" })] }),
    ],
    ["111 unsubscribe", "/unsubscribe", () => ({ id: a, topic: "t1" }), 200, () => ok],
    ["112 unsubscribe not subscribed", "/unsubscribe", () => ({ id: a, topic: "zz" }), 200, () => ok],
    ["113 unsubscribe missing", "/unsubscribe", () => ({}), 200, () => ok],
    [
      "114 send before unregister",
      "/send-message",
      () => ({ from_id: h, to_id: a, text: "left behind" }),
      200,
      () => ok,
    ],
    ["115 unregister", "/unregister", () => ({ id: a }), 200, () => ok],
    ["116 unregister again", "/unregister", () => ({ id: a }), 200, () => ok],
    ["117 unregister missing", "/unregister", () => ({}), 200, () => ok],
    [
      "118 send to unregistered",
      "/send-message",
      () => ({ from_id: h, to_id: a, text: "x" }),
      200,
      () => ({ ok: false, error: `Peer ${a} not found` }),
    ],
    [
      "119 poll after unregister still returns old mail",
      "/poll-messages",
      () => ({ id: a }),
      200,
      () => ({ messages: [expect.objectContaining({ id: 11, text: "left behind" })] }),
    ],
  ];

  test("a row after the other is answered as recorded; bad input with 400, which its clients take as well", async () => {
    for (const [name, path, body, status, answer] of rows) {
      // Its clients poll once a second: by then they have taken in what the last poll brought.
      if (path === "/unregister" && name.startsWith("115")) await later(600);
      expect(await post(path, body()), name).toEqual({
        status,
        type: "application/json;charset=utf-8",
        body: answer(),
      });
    }
  });

  test("GET answers health with the number of peers, and the broker's name on the other paths", async () => {
    const health = await fetch(`${broker.url}/health`);
    expect(await health.json()).toEqual({
      status: "ok",
      version: expect.any(String),
      peers: expect.any(Number),
      engine: "sqlite",
    });
    const counted = async () => z.object({ peers: z.int() }).parse(await (await fetch(`${broker.url}/health`)).json());
    const listed = async () => z.array(z.unknown()).parse((await post("/list-peers", {})).body).length;
    for (const [cwd, more] of [
      ["/t/counted", {}],
      ["/t/hooked", { transport: { type: "webhook", webhook_url: "http://127.0.0.1:40009/" } }],
    ] as const) {
      await register(cwd, more);
      await until(async () => (await counted()).peers === (await listed()));
    }
    const { id } = await register("/t/leaving");
    await until(async () => (await counted()).peers === (await listed()));
    await post("/unregister", { id });
    await until(async () => (await counted()).peers === (await listed()));
    const other = await fetch(`${broker.url}/list-peers`);
    expect([other.status, await other.text()]).toEqual([200, "agentmesh broker"]);
    expect((await fetch(`${broker.url}/v1/nothing`, { method: "POST" })).status).toBe(404);
  });
});

describe("mail on this wire", () => {
  test("is acked by a later poll, and not before its client had time for it", async () => {
    const { id } = await register("/m/ack");
    const name = await nameIn("/m/ack");
    await send("cli", id, "one");
    expect(await texts(id)).toEqual(["one"]);
    expect(await texts(id)).toEqual([]);
    expect(await stateOf(name)).toEqual(["leased"]);
    await later(550);
    expect(await texts(id)).toEqual([]);
    expect(await stateOf(name)).toEqual(["acked"]);
  });

  test("comes again to the next process of its place when one dies between poll and handling", async () => {
    const dead = await register("/m/crash", { pid: deadPid() });
    await send("cli", dead.id, "do not lose me");
    expect(await texts(dead.id)).toEqual(["do not lose me"]);
    const next = await register("/m/crash");
    expect(next.id).toBe(dead.id);
    expect(await texts(next.id)).toEqual(["do not lose me"]);
    expect(await texts(next.id)).toEqual([]);
  });

  test("waits for the next session of its place when one says goodbye", async () => {
    const first = await register("/m/goodbye");
    await send("cli", first.id, "for tomorrow");
    await post("/unregister", { id: first.id });
    const next = await register("/m/goodbye");
    expect(await texts(next.id)).toEqual(["for tomorrow"]);
  });

  test("is not shared by two live processes of one place", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
    try {
      const one = await register("/m/two");
      const two = await register("/m/two", { pid: other.pid });
      expect(two.id).not.toBe(one.id);
      await send(one.id, two.id, "to two");
      expect(await texts(one.id)).toEqual([]);
      expect(await texts(two.id)).toEqual(["to two"]);
    } finally {
      other.kill();
      await once(other, "exit");
    }
  });

  test("is given once and in order, however many polls there are at a time", async () => {
    const { id } = await register("/m/many");
    const sent = Array.from({ length: 60 }, (_, i) => `m${i}`);
    for (const text of sent) await send("cli", id, text);
    const got: string[] = [];
    for (let round = 0; round < 4; round++) {
      const polls = await Promise.all(Array.from({ length: 5 }, () => texts(id)));
      got.push(...polls.flat());
    }
    expect(got).toEqual(sent);
  });

  test("and peers outlive a broker that is killed: ids, facts, what was not acked", async () => {
    await using own = await startTestBroker({ args: ["--legacy"] });
    const { id, token } = await register("/m/kill", { capabilities: ["code"], summary: "s" }, own);
    await post("/subscribe", { id, topic: "Deploys!" }, {}, own);
    await send("cli", id, "before", own);
    expect(await texts(id, own)).toEqual(["before"]);
    await own.kill("SIGKILL");
    await own.start();
    await post("/broadcast", { from_id: "cli", topic: "Deploys!", text: "after" }, {}, own);
    expect((await poll(id, own)).map(({ text, topic }) => [text, topic])).toEqual([
      ["before", null],
      ["after", "Deploys!"],
    ]);
    const listed = await post("/list-peers", { capabilities: ["code"] }, { authorization: `Bearer ${token}` }, own);
    expect(listed.body).toEqual([expect.objectContaining({ id, cwd: "/m/kill", summary: "s", pid: process.pid })]);
  });

  test("comes once more to a client that fell silent, and no third time to one that polls rarely", async () => {
    await using own = await startTestBroker({
      args: ["--legacy", "--heartbeat-ms", "100", "--stale-after-ms", "300", "--offline-after-ms", "600"],
    });
    const { id } = await register("/m/slow", {}, own);
    const name = await nameIn("/m/slow", own);
    await send("cli", id, "seldom", own);
    expect(await texts(id, own)).toEqual(["seldom"]);
    await until(async () => (await stateOf(name, own))[0] === "queued", "the silent client's lease to end");
    expect(await texts(id, own)).toEqual(["seldom"]);
    await until(async () => (await stateOf(name, own))[0] === "queued", "the silent client's lease to end");
    expect(await texts(id, own)).toEqual([]);
    expect(await stateOf(name, own)).toEqual(["acked"]);
  });

  test("reaches a session that had registered with an earlier broker and goes on polling", async () => {
    expect(await texts("k3f9x2ab")).toEqual([]);
    expect((await send("cli", "k3f9x2ab", "you are known")).body).toEqual({ ok: true });
    expect(await texts("k3f9x2ab")).toEqual(["you are known"]);
  });

  test("is posted to a peer's webhook as the predecessor posted it, until that answers 2xx; the sender does not wait", async () => {
    const posts: unknown[] = [];
    const answers = [500, 200, 200];
    const receiver = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      posts.push(JSON.parse(body));
      response.writeHead(answers.shift() ?? 200).end();
    });
    const port = await listening(receiver);
    try {
      const sender = await register("/m/sender");
      const transport = { type: "webhook", webhook_url: `http://127.0.0.1:${port}/hook?secret=1` };
      const { id } = await register("/m/webhook", { transport });
      const [listed] = z
        .array(z.looseObject({}))
        .parse((await post("/list-peers", { scope: "directory", cwd: "/m/webhook" })).body);
      expect(listed).toMatchObject({ id, transport: { type: "webhook" } });
      expect(JSON.stringify(listed)).not.toContain("secret");
      expect((await send(sender.id, id, "one")).body).toEqual({ ok: true });
      await post("/subscribe", { id, topic: "Deploys!" });
      await post("/broadcast", { from_id: "cli", topic: "Deploys!", text: "two" });
      const one = { id: 1, from_id: sender.id, text: "one", topic: null, sent_at: expect.any(String) };
      const two = { id: 2, from_id: "cli", text: "two", topic: "Deploys!", sent_at: expect.any(String) };
      await until(() => posts.length === 3, "three posts");
      expect(posts).toEqual([one, one, two].map((message) => ({ type: "agentmesh.message", message })));
      const name = await nameIn("/m/webhook");
      await until(async () => (await stateOf(name)).every((state) => state === "acked"), "both to be acked");
      expect(await texts(id)).toEqual([]);

      await post("/unregister", { id });
      await expect(broker.admin.getWebhook({ agent: name })).rejects.toMatchObject({ code: "webhook_not_found" });
      const elsewhere = { type: "webhook", webhook_url: "http://169.254.169.254/latest" };
      const said = { pid: 1, cwd: "/m/ssrf", summary: "", transport: elsewhere };
      expect((await post("/register", said)).status).toBe(422);
    } finally {
      receiver.close();
    }
  });

  test("of a broadcast to many names each of them to the sender, as the predecessor did", async () => {
    const topic = "many.of.us";
    const subscribers = await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const { client } = await broker.agent(`subscriber-${n}`);
        await client.subscribe({ topic });
        return `subscriber-${n}`;
      }),
    );
    const { id } = await register("/m/among-many");
    await post("/subscribe", { id, topic });
    const { body } = await post("/broadcast", { from_id: "cli", topic, text: "to all of you" });
    expect(body).toEqual({ ok: true, delivered_to: [...subscribers, id].sort() });
  });

  test("goes on after agents were taken out of the mesh: whoever still polls or sends is an agent anew", async () => {
    const { id } = await register("/m/removed");
    await send("someone", id, "one");
    for (const agent of [await nameIn("/m/removed"), "legacy-someone"]) await broker.admin.removeAgent({ agent });
    expect((await send("someone", id, "two")).body).toEqual({ ok: false, error: `Peer ${id} not found` });
    expect(await texts(id)).toEqual([]);
    expect((await send("someone", id, "three")).body).toEqual({ ok: true });
    expect(await texts(id)).toEqual(["three"]);
  });

  test("that cannot be stored is refused with a sentence", async () => {
    const { id } = await register("/m/large");
    const answer = await send("cli", id, "x".repeat(65_537));
    expect(answer).toMatchObject({ status: 413, body: { error: expect.stringContaining("65536") } });
  });
});

describe("agents with a token", () => {
  test("write to peers and are written to, by name, directly and on topics", async () => {
    const ui = await broker.agent("poker-ui");
    const { id } = await register("/b/engine");
    const name = await nameIn("/b/engine");
    await ui.client.send({ to: name, body: "from the mesh" });
    await post("/subscribe", { id, topic: "build.failed" });
    await post("/subscribe", { id, topic: ">" });
    await ui.client.publish({ topic: "build.failed", body: "red" });
    await ui.client.publish({ topic: "build.passed", body: "green" });
    const got = (await poll(id)).map(({ from_id, text, topic }) => [from_id, text, topic]);
    expect(got).toEqual([
      ["poker-ui", "from the mesh", null],
      ["poker-ui", "red", "build.failed"],
    ]);
    expect((await send(id, "poker-ui", "answer")).body).toEqual({ ok: true });
    const { deliveries } = await ui.client.lease();
    expect(deliveries[0]?.message).toMatchObject({ from: { name }, trust: "unverified", body: "answer" });
    await ui.client.ack({ delivery: "1" });
    const authorization = `Bearer ${ui.token}`;
    const history = await fetch(`${broker.url}/v1/messages?query=answer`, { headers: { authorization } });
    expect(await history.json()).toMatchObject({ entries: [{ message: { body: "answer", trust: "unverified" } }] });
  });

  test("are called in the mesh by what their directory or they themselves are called, in any script", async () => {
    await register("/script/Größe");
    await register("/script/北京", { git_root: "/script/北京" });
    await register("/script/x", { agent_name: "Мой проект" });
    const names = (await broker.admin.listAgents()).agents.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["legacy-grosse", "legacy-beijing", "legacy-moy-proekt"]));
  });

  test("cannot be acted as, read or replaced, whatever a client of this wire says", async () => {
    const carol = await broker.agent("carol");
    await carol.client.openSession();
    const { id, token } = await register("/t/mallory", { agent_name: "carol" });
    await broker.admin.listAgents();
    await (await broker.agent("dave")).client.send({ to: "carol", body: "secret" });
    for (const claimed of ["carol", carol.agent.id]) {
      for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: `Bearer ${carol.token}` }]) {
        const said = { id: claimed, from_id: claimed, to_id: id, topic: "t", text: "x", summary: "x" };
        for (const path of ["poll-messages", "send-message", "broadcast", "heartbeat", "set-summary", "subscribe"]) {
          expect((await post(`/${path}`, said, headers)).status, path).toBeGreaterThanOrEqual(401);
        }
        expect((await post("/unregister", said, headers)).status).toBe(403);
      }
    }
    const { agents } = await broker.admin.listAgents({ directory: "/t/mallory" });
    expect(agents).toMatchObject([{ name: "legacy-carol", trust: "unverified" }]);
    const { entries } = await carol.client.listInbox();
    expect(entries).toMatchObject([{ state: "queued", attempt: 0, message: { body: "secret" } }]);
    expect((await carol.client.getAgent({ agent: "carol" })).trust).toBe("verified");
    await carol.client.setPolicy({ agent: "me", trust: { unverified: "refuse" } });
    expect(await send(id, "carol", "x")).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining("carol") },
    });
  });
});

describe("who may use this wire", () => {
  test("a peer that has shown its token needs it from then on; another's token opens nothing of it", async () => {
    const { id, token } = await register("/s/bound");
    const other = await register("/s/other");
    const own = { authorization: `Bearer ${token}` };
    expect((await post("/poll-messages", { id }, own)).status).toBe(200);
    expect(await post("/poll-messages", { id })).toMatchObject({ status: 401, body: { error: "invalid token" } });
    const foreign = await post("/poll-messages", { id }, { authorization: `Bearer ${other.token}` });
    expect(foreign.status).toBe(403);
    for (const authorization of ["Bearer x", `Basic ${token}`, `bearer ${token}`, `Bearer ${"0".repeat(64)}`]) {
      expect((await post("/heartbeat", { id }, { authorization })).status, authorization).toBe(401);
    }
    await post("/unregister", { id }, own);
    expect((await post("/heartbeat", { id }, own)).status).toBe(401);
  });

  test("what the list shows of a peer that has shown its token opens it to nobody who registers", async () => {
    const { id, token } = await register("/s/shown", { agent_name: "shown" });
    const own = { authorization: `Bearer ${token}` };
    await post("/heartbeat", { id }, own);
    const [listed] = z
      .array(z.record(z.string(), z.unknown()))
      .parse((await post("/list-peers", {})).body)
      .filter((peer) => peer.cwd === "/s/shown");
    const { pid, cwd, hostname, agent_type, agent_name, git_root, tty } = listed ?? {};
    const copied = { pid, cwd, hostname, agent_type, agent_name, git_root, tty, summary: "" };
    const taken = Registered.parse((await post("/register", copied)).body);
    expect(taken.id).not.toBe(id);
    expect((await post("/poll-messages", { id })).status).toBe(401);
    const again = Registered.parse((await post("/register", copied, own)).body);
    expect(again.id).toBe(id);
    expect((await post("/poll-messages", { id })).status).toBe(401);
    expect((await post("/poll-messages", { id }, own)).status).toBe(200);
  });

  test("a peer that had shown its token and whose process is gone is resumed, and needs its token still", async () => {
    const { id, token } = await register("/s/crashed", { pid: deadPid() });
    await post("/heartbeat", { id }, { authorization: `Bearer ${token}` });
    expect((await register("/s/crashed")).id).toBe(id);
    expect((await post("/poll-messages", { id })).status).toBe(401);
    expect((await post("/poll-messages", { id }, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  test("no web page, no proxy", async () => {
    const ask = (headers: Record<string, string>) =>
      new Promise<[number, string]>((resolve, reject) => {
        const all = { "content-type": "application/json", ...headers };
        const to = { host: "127.0.0.1", port: broker.port, method: "POST", path: "/list-peers", headers: all };
        const asking = httpRequest(to, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve([response.statusCode ?? 0, text]));
        });
        asking.on("error", reject).end("{}");
      });
    for (const [headers, status] of [
      [{ host: "evil.example:7899" }, 421],
      [{ origin: "https://evil.example" }, 403],
      [{ "content-type": "text/plain" }, 415],
      [{ "x-forwarded-for": "10.0.0.1" }, 403],
    ] as const) {
      expect(await ask(headers)).toEqual([status, expect.stringContaining('{"error":"')]);
    }
  });

  test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
    "no other user of the machine (Linux, as root)",
    async () => {
      // Sheds its rights after the start: a Node in a private folder could not be started without them.
      const code = `process.setuid(Number(process.argv[2])); fetch(process.argv[1] + "/list-peers", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })
      .then(async (response) => console.log(response.status, await response.text()))`;
      const ask = (uid: number) =>
        spawnSync(process.execPath, ["-e", code, broker.url, String(uid)], { encoding: "utf8", cwd: "/" }).stdout;
      expect(ask(65_534)).toContain("403");
      expect(ask(0)).toContain("200");
    },
  );

  test("nobody, unless the broker was told to; and never beyond this machine", async () => {
    await using plain = await startTestBroker();
    expect((await fetch(`${plain.url}/list-peers`, { method: "POST" })).status).toBe(404);
    expect(await (await fetch(`${plain.url}/health`)).json()).not.toHaveProperty("peers");
    for (const more of [
      ["--host", "0.0.0.0", "--trusted-network"],
      ["--allowed-hosts", "mesh.example"],
      ["--tls", "0.0.0.0:0"],
    ]) {
      const { code, stderr } = await runProgram("broker", ["--legacy", ...more], {
        env: cleanEnv({ AGENTMESH_HOME: plain.home, AGENTMESH_PORT: "0" }),
      });
      expect([code, stderr]).toEqual([78, expect.stringContaining("--legacy")]);
    }
    expect(broker.log()).toContain('"legacy.served"');
  });
});

test("of lists that many ask for at once, each has who came before it was asked for, and nobody who left before", async () => {
  await using many = await startTestBroker({ args: ["--legacy"] });
  const here = await Promise.all(Array.from({ length: 150 }, (_, i) => register(`/here/${i}`, {}, many)));
  const Ids = z.array(z.looseObject({ id: z.string() }));
  const listed = async () => Ids.parse((await post("/list-peers", {}, {}, many)).body).map(({ id }) => id);
  const lists: Promise<void>[] = [];
  for (const [round, { id: leaving }] of here.slice(0, 10).entries()) {
    lists.push(...Array.from({ length: 8 }, () => listed().then((ids) => expect(ids.length).toBeGreaterThan(140))));
    const { id: came } = await register(`/came/${round}`, {}, many);
    lists.push(listed().then((ids) => expect(ids).toContain(came)));
    await post("/unregister", { id: leaving }, {}, many);
    lists.push(listed().then((ids) => expect(ids).not.toContain(leaving)));
  }
  await Promise.all(lists);
});
