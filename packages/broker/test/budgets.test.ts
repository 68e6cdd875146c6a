/** Budgets: nobody without a token, and no single agent, takes the broker from the others. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { endpoints } from "@agentmesh/protocol";
import {
  assertInTime,
  openWebhookReceiver,
  startTestBroker,
  stopwatch,
  type TestAgent,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
let alice: TestAgent;
const sockets: Socket[] = [];
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_WRONG_TOKENS_PER_MINUTE: "20" } });
  alice = await broker.agent("alice");
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await broker[Symbol.asyncDispose]();
});

/** A bare connection that reads only when `reads`. */
async function connection({ reads = false, to = broker } = {}): Promise<Socket> {
  const socket = connect(to.port, "127.0.0.1");
  socket.on("error", () => undefined);
  sockets.push(socket);
  if (reads) socket.resume();
  else socket.pause();
  await once(socket, "connect");
  return socket;
}

const headFor =
  ({ port }: TestBroker) =>
  (method: string, path: string, more: readonly string[] = []) =>
    [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...more, "", ""].join("\r\n");
const head = (...args: Parameters<ReturnType<typeof headFor>>) => headFor(broker)(...args);
const json = "content-type: application/json";
const own = () => `authorization: Bearer ${alice.token}`;

/** What the socket is told first. */
async function firstLine(socket: Socket): Promise<string> {
  socket.resume();
  const [chunk] = await once(socket, "data");
  return String(chunk).split("\r\n")[0] ?? "";
}

/** The same, or nothing where it is told nothing within a moment. */
async function firstLineSoon(socket: Socket): Promise<string> {
  return await Promise.race([firstLine(socket), setTimeout(1_000, "")]);
}

const isServed = async () => (await alice.client.getAgent({ agent: "me" })).name === "alice";
const isClosed = (socket: Socket) => until(() => socket.closed || socket.destroyed, "the connection to be closed");

test("connections that show no token make room for who comes next, the oldest first", async () => {
  const idle = await Promise.all(Array.from({ length: 400 }, () => connection({ reads: true })));
  const more = await Promise.all(Array.from({ length: 400 }, () => connection({ reads: true })));
  await until(() => idle.filter(({ closed }) => closed).length >= 280, "the oldest to be closed");
  expect(more.every(({ closed }) => !closed)).toBe(true);
  expect(await isServed()).toBe(true);
  for (const socket of [...idle, ...more]) socket.destroy();
});

test("who asks on and on without reading the answers is hung up on, and costs the broker next to nothing", async () => {
  const before = await memoryOf(broker.pid);
  const flood = await Promise.all(Array.from({ length: 50 }, () => connection()));
  const request = head("GET", endpoints.openapi.path);
  for (const socket of flood) socket.write(request.repeat(500));
  await until(async () => (await isServed()) && flood.length, "an answer to somebody else");
  for (const socket of flood) {
    socket.resume();
    await isClosed(socket);
  }
  // The answers that were asked for have 11 GiB in all; what is left is garbage of the requests themselves.
  expect((await memoryOf(broker.pid)) - before).toBeLessThan(256 * 1_048_576);
});

test("bodies that are refused by what their heads say are not counted as being sent for ever", async () => {
  const tooLarge = {
    method: "POST",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
  };
  for (let i = 0; i < 70; i++) {
    const answer = await fetch(`${broker.url}${endpoints.send.path}`, { ...tooLarge, body: "x".repeat(600_000) });
    expect((await answer.text()) && answer.status).toBe(413);
  }
  expect((await alice.client.send({ to: "alice", body: "still taken" })).messageId).toMatch(/^msg_/);
});

test("what a connection asks is begun in its order, and every caller is answered, when more is asked than a turn has time for", async () => {
  const names = ["dora", "emil", "fritz"];
  const writers = await Promise.all(names.map((name) => broker.agent(name)));
  const reader = await broker.agent("reader");
  // The sign of life is noted before, so that no request waits for that.
  for (const { client } of writers) await client.getAgent({ agent: "me" });
  const ask = (writer: TestAgent, n: number) => {
    const body = JSON.stringify({ to: "reader", body: `${n}` });
    const more = [json, `authorization: Bearer ${writer.token}`, `content-length: ${body.length}`];
    return head("POST", endpoints.send.path, more) + body;
  };
  const nameless = await Promise.all(Array.from({ length: 20 }, () => connection()));
  for (const socket of nameless) socket.write(head("GET", endpoints.livez.path).repeat(16));
  // The first of each is not known by its token yet, the later ones are.
  for (const writer of writers) {
    const socket = await connection({ reads: true });
    socket.write(Array.from({ length: 4 }, (_, n) => ask(writer, n)).join(""));
    setImmediate(() => socket.write(Array.from({ length: 4 }, (_, n) => ask(writer, n + 4)).join("")));
  }
  await until(async () => (await reader.client.listInbox()).open === 24, "all 24 messages");
  const { entries } = await reader.client.listInbox();
  for (const name of names) {
    const own = entries.filter(({ message }) => message.from.name === name).map(({ message }) => Number(message.body));
    expect(own).toEqual(Array.from({ length: 8 }, (_, n) => n));
  }
  for (const socket of nameless) {
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.resume();
    await until(() => text.split("HTTP/1.1 200").length === 17, "16 answers");
    socket.destroy();
  }
});

test("a connection over which many callers come is each one's, and nothing is left of it when it is closed", async () => {
  const callers = await Promise.all(Array.from({ length: 20 }, (_, n) => broker.agent(`shares-${n}`)));
  const shared = await connection({ reads: true });
  let answers = "";
  shared.on("data", (chunk) => {
    answers += chunk;
  });
  for (const { token } of callers) {
    const before = answers.length;
    shared.write(head("GET", "/v1/agents/me", [`authorization: Bearer ${token}`]));
    await until(() => answers.length > before, "the answer");
  }
  expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(callers.length);
  shared.destroy();
  expect(broker.log()).not.toContain("MaxListenersExceededWarning");
  expect(await isServed()).toBe(true);
});

test("a body is read of nobody who has shown no token, and for no path that there is not", async () => {
  const unknown = await connection();
  unknown.write(head("POST", endpoints.send.path, [json, "content-length: 400000"]));
  expect(await firstLine(unknown)).toContain("401");
  const nowhere = await connection();
  nowhere.write(head("POST", "/v1/nowhere", [json, own(), "content-length: 400000"]));
  expect(await firstLine(nowhere)).toContain("404");
});

test("a request that does not come to its end is ended, whether its head drips or its body, and nothing is stored", async () => {
  await using hasty = await startTestBroker({ env: { AGENTMESH_REQUEST_WITHIN_MS: "400" } });
  const { client, token } = await hasty.agent("alice");
  const own = () => `authorization: Bearer ${token}`;
  const head = headFor(hasty);
  const body = JSON.stringify({ to: "alice", body: "x".repeat(200) });
  const beginnings = [
    `POST ${endpoints.send.path} HTTP/1.1\r\nx-slow: `,
    head("POST", endpoints.send.path, [json, own(), `content-length: ${body.length}`]) + body.slice(0, 20),
    head("POST", endpoints.send.path, [json, own(), "transfer-encoding: chunked"]),
  ];
  for (const beginning of beginnings) {
    const socket = await connection({ reads: true, to: hasty });
    const drip = setInterval(() => socket.write("a"), 20);
    const ended = stopwatch();
    socket.write(beginning);
    await isClosed(socket);
    clearInterval(drip);
    assertInTime(ended(), 4_000);
  }
  expect((await client.listInbox()).entries).toEqual([]);
});

test("more bodies of one agent than it may send at a time are refused, those of others are not", async () => {
  const bob = await broker.agent("bob");
  const beginning = head("POST", endpoints.send.path, [json, own(), "content-length: 60"]);
  const slow = await Promise.all(Array.from({ length: 64 }, () => connection()));
  for (const socket of slow) socket.write(`${beginning}{`);
  const refused = async () => {
    const one = await connection();
    one.write(`${beginning}{`);
    // Told nothing, it is one of those whose bodies are read: the order among connections is the broker's.
    return (await firstLineSoon(one)).includes("429");
  };
  await until(refused, "a refusal");
  await bob.client.send({ to: "alice", body: "I am still here" });
  for (const socket of slow) socket.destroy();
});

test("wrong tokens are answered with 429 after twenty in a minute, right ones as ever", async () => {
  const refusals: string[] = [];
  for (let n = 0; n < 25; n++) {
    const wrong = broker.client(`am_${"x".repeat(43)}`, { retryForMs: 0 });
    refusals.push(
      await wrong.getAgent({ agent: "me" }).then(
        () => "let in",
        (error: { code: string }) => error.code,
      ),
    );
  }
  expect(new Set(refusals.slice(0, 19))).toEqual(new Set(["unauthenticated"]));
  expect(refusals.at(-1)).toBe("too_much_at_once");
  expect(await isServed()).toBe(true);
});

test.each([
  "/v1/agents/me?token=abc",
  "/v1/agents/me?apikey=abc",
  "/v1/agents/me?Authorization=abc",
  "/v1/agents/me?x=1&client_secret=abc",
  `/v1/agents/me?q=am_${"y".repeat(43)}`,
])("a secret in a URL is refused, whatever its parameter is called: %s", async (path) => {
  const response = await fetch(broker.url + path, { headers: { authorization: `Bearer ${alice.token}` } });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_request", detail: expect.stringContaining("URL") });
});

test.each([
  ["at the top", '{"to":"alice","body":"a","body":"b"}', "body"],
  ["escaped", '{"to":"alice","body":"a","bo\\u0064y":"b"}', "body"],
  ["inside", '{"to":"alice","body":"a","x":[{"k":1,"k" : 2}]}', "k"],
])("a key that stands twice in one object is refused: %s", async (_, body, key) => {
  const response = await fetch(broker.url + endpoints.send.path, {
    method: "POST",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
    body,
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining(`"${key}" stands twice`) });
});

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":[]`).join()}}`;
test.each([
  ["objects", nested(33), "nested deeper than 32 levels"],
  ["arrays, of no JSON at all", `{"to":${"[".repeat(40)}`, "nested deeper than 32 levels"],
  ["keys", keys(1_001), "more than 1,000 keys"],
  ["objects behind a key that stands twice", `{"x":1,"x":${nested(33)}}`, "nested deeper than 32 levels"],
  ["keys behind one that stands twice", `{"x":1,"x":2,${keys(1_001).slice(1)}`, "more than 1,000 keys"],
  [
    "keys of many objects",
    `{"to":[${Array.from({ length: 600 }, () => '{"x":1,"y":2}').join()}]}`,
    "more than 1,000 keys",
  ],
])(
  "a body nested deeper or with more keys than any request needs is refused before it is parsed: %s",
  async (_, body, words) => {
    const headers = { authorization: `Bearer ${alice.token}`, "content-type": "application/json" };
    const response = await fetch(`${broker.url}${endpoints.send.path}`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_request", detail: expect.stringContaining(words) });
  },
);

test.each([
  ["nesting", nested(32)],
  ["keys", keys(1_000)],
  ["brackets and quotes in a text", JSON.stringify({ to: "alice", body: '[[{"\\"'.repeat(300) })],
])("what has as much %s as it may is looked at as what it is", async (_, body) => {
  const headers = { authorization: `Bearer ${alice.token}`, "content-type": "application/json" };
  const response = await fetch(`${broker.url}${endpoints.send.path}`, { method: "POST", headers, body });
  expect(await response.text()).not.toMatch(/nested deeper|more than 1,000 keys|stands twice/);
});

test("keys that are alike in different objects, or in strings, are none", async () => {
  await alice.client.send({ to: "alice", body: '{"a":1,"a":2} \\" "to":' });
  await alice.client.setPolicy({ agent: "me", trust: { verified: "accept", unverified: "hold" }, senders: [] });
});

test("however many ask for a test of one webhook at a time, it is posted one", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let open = 0;
  let most = 0;
  await using receiver = await openWebhookReceiver(async (_, response) => {
    most = Math.max(most, ++open);
    await released;
    response.writeHead(204).end();
    open--;
  });
  const { client } = await broker.agent("hooked");
  await client.setWebhook({ agent: "me", url: receiver.url });
  const tests = Array.from({ length: 40 }, () => client.testWebhook({ agent: "me" }));
  await until(() => receiver.posts.length > 0, "the test");
  await isServed();
  release();
  expect((await Promise.all(tests)).every(({ taken }) => taken)).toBe(true);
  // Who asks after the first has come back begins another one.
  expect(most).toBe(1);
  expect(receiver.posts.length).toBeLessThan(tests.length);
});

/** Resident memory of a process, in bytes. */
async function memoryOf(pid: number): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const [, kib = "0"] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1_024;
}

test("a call without a body may wait for its answer for longer than a body may take to come", async () => {
  await using broker = await startTestBroker({ env: { AGENTMESH_REQUEST_WITHIN_MS: "400" } });
  const alice = await broker.agent("alice");
  const impatient = broker.client(alice.token, { retryForMs: 0 });
  const began = performance.now();
  expect((await impatient.log({ waitMs: 1_500 })).entries).toEqual([]);
  expect(performance.now() - began).toBeGreaterThan(1_000);
});
