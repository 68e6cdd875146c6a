/**
 * Usual requests have a way of their own: it answers, and refuses, word for word as the other way does, which takes bodies in
 * chunks and queries that are to be decoded.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { httpLimits } from "../src/http/budgets/limits.ts";
import { Paths } from "../src/http/usual/paths.ts";

let broker: TestBroker;
let alice: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_WRONG_TOKENS_PER_MINUTE: "0" } });
  alice = await broker.agent("alice");
  await broker.agent("bob");
});
afterAll(() => broker[Symbol.asyncDispose]());

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** A request as it goes over the wire; its body with its length, or in a chunk. */
function wire({ path = "/v1/messages", headers = {}, body = "{}" }: Asked, way: "usual" | "other"): Buffer {
  const usual = {
    ...{ host: `127.0.0.1:${broker.port}`, authorization: `Bearer ${alice.token}` },
    "content-type": "application/json",
  };
  const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  );
  const bytes = Buffer.from(body);
  const size = way === "usual" ? `content-length: ${bytes.length}` : "transfer-encoding: chunked";
  const head = Buffer.from([`POST ${path} HTTP/1.1`, ...lines, size, "", ""].join("\r\n"));
  if (way === "usual") return Buffer.concat([head, bytes]);
  return Buffer.concat([head, Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n0\r\n\r\n")]);
}

/** The answer on a connection of its own: status, headers without the time, and the JSON of its body without ids. */
async function answerTo(asked: Asked | string, way: "usual" | "other" = "usual") {
  const socket = connect(broker.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "connect");
  socket.write(typeof asked === "string" ? asked : wire(asked, way));
  await until(() => {
    const [head = "", body] = text.split("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    return body !== undefined && Buffer.byteLength(body) >= length;
  }, "the answer");
  socket.destroy();
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const [status, ...lines] = head.split("\r\n");
  const headers = lines
    .map((line) => line.split(": "))
    .map(([name = "", value]) => [name.toLowerCase(), value])
    .filter(([name]) => name !== "date")
    .sort();
  const json = JSON.parse(
    body.replace(/"instance":"[\w-]{36}"/, '"instance":"…"').replace(/"(msg|dlv|thr)_\w+"/g, '"$1"'),
  );
  return { status, headers, json };
}

let sent = 0;
/** One that was not sent before: of the same text again and again the loop guard would speak. */
const message = () => JSON.stringify({ to: "bob", body: `text ${++sent}` });
const deep = `${'{"a":'.repeat(httpLimits.jsonDepth + 1)}1${"}".repeat(httpLimits.jsonDepth + 1)}`;
const wide = JSON.stringify(
  Object.fromEntries(Array.from({ length: httpLimits.jsonKeys + 1 }, (_, i) => [`k${i}`, i])),
);

const refused: [what: string, status: number, asked: Asked][] = [
  ["a foreign Host", 421, { headers: { host: "evil.example" } }],
  ["two Hosts", 400, { headers: { Host: "127.0.0.1", host: "127.0.0.1" } }],
  ["an Origin", 403, { headers: { origin: "https://evil.example" } }],
  ["the page's Origin beside a token", 403, { headers: { origin: "http://127.0.0.1:1" } }],
  ["a fetch from another site", 403, { headers: { "sec-fetch-site": "cross-site" } }],
  ["another content type", 415, { headers: { "content-type": "text/plain" } }],
  ["another protocol version", 426, { headers: { "agentmesh-protocol": "0" } }],
  ["no token", 401, { headers: { authorization: "" } }],
  ["a token of nobody", 401, { headers: { authorization: `Bearer am_${"x".repeat(43)}` } }],
  ["two tokens", 401, { headers: { Authorization: "Bearer x", authorization: `Bearer ${"x".repeat(43)}` } }],
  ["a cookie of nobody instead of a token", 401, { headers: { authorization: [], cookie: "agentmesh_ui_1=x" } }],
  ["a token in the URL", 400, { path: `/v1/deliveries/am_${"x".repeat(43)}/ack` }],
  ["a name that is not decoded", 400, { path: "/v1/deliveries/%2/ack" }],
  ["a path that is none", 404, { path: "/v1/messages/" }],
  ["a query of another call", 404, { path: "/v1/deliveries/99/ack?a=b" }],
  ["a delivery of nobody", 404, { path: "/v1/deliveries/99/ack" }],
  ["no delivery", 400, { path: "/v1/deliveries/x/ack" }],
  ["a session of nobody", 404, { path: `/v1/sessions/ses_${"0".repeat(32)}/heartbeat` }],
  ["broken JSON", 400, { body: "{" }],
  ["JSON that is no object", 400, { body: "[]" }],
  ["a prototype", 400, { body: '{"to":"bob","body":"x","__proto__":{"a":1}}' }],
  ["a prototype that is written otherwise", 400, { body: '{"to":"bob","body":"x","__pr\\u006fto__":{"a":1}}' }],
  ["a constructor", 400, { body: '{"to":"bob","body":"x","constructor":{"prototype":1}}' }],
  ["a key that stands twice", 400, { body: '{"to":"bob","to":"alice","body":"x"}' }],
  ["bytes that are no UTF-8", 400, { body: Buffer.from('{"to":"bob","body":"caf\xe9"}', "latin1") }],
  ["much nesting", 400, { body: deep }],
  ["many keys", 400, { body: wide }],
  ["what no schema has", 400, { body: '{"to":"bob","body":"x","text":"y"}' }],
  ["an agent of nobody", 404, { body: '{"to":"bop","body":"x"}' }],
];

test.each(refused)("%s is answered with %d by both ways, with the same words", async (_, status, asked) => {
  const [usual, other] = [await answerTo(asked, "usual"), await answerTo(asked, "other")];
  expect(usual.status).toContain(`HTTP/1.1 ${status} `);
  expect(usual).toEqual(other);
});

const session = `ses_${"0".repeat(32)}`;
const streams: [what: string, status: number, query: string, headers?: Asked["headers"]][] = [
  ["of a session of nobody", 404, `session=${session}`],
  ["without a session", 400, "maxInFlight=1"],
  ["with what no schema has", 400, `session=${session}&text=y`],
  ["with a prototype", 400, `session=${session}&__proto__=y`],
  ["with too much credit", 400, `session=${session}&maxInFlight=1000`],
  ["with a parameter twice", 400, `session=${session}&session=${session}`],
  ["with a token in its URL", 400, `session=${session}&token=x`],
  ["for a foreign Host", 421, `session=${session}`, { host: "evil.example" }],
  ["for a page", 403, `session=${session}`, { origin: "https://evil.example" }],
  ["without a token", 401, `session=${session}`, { authorization: [] }],
];

/** The GET of a stream: its query as it is, or with a letter that is to be decoded. */
const streamHead = (query: string, way: "usual" | "other", headers: Asked["headers"] = {}) => {
  const asked = way === "usual" ? query : query.replace("s", "%73");
  const lines = { host: `127.0.0.1:${broker.port}`, authorization: `Bearer ${alice.token}`, ...headers };
  const written = Object.entries(lines).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`));
  return [`GET /v1/inbox/stream?${asked} HTTP/1.1`, ...written, "", ""].join("\r\n");
};

test.each(streams)(
  "a stream %s is answered with %d by both ways, with the same words",
  async (_, status, query, headers) => {
    const [usual, other] = [
      await answerTo(streamHead(query, "usual", headers)),
      await answerTo(streamHead(query, "other", headers)),
    ];
    expect(usual.status).toContain(`HTTP/1.1 ${status} `);
    expect(usual).toEqual(other);
  },
);

test("a stream begins with the same head and the same event by both ways, and ends with its session", async () => {
  const begins: string[] = [];
  for (const way of ["usual", "other"] as const) {
    const opened = await alice.client.openSession({ pushPaths: [{ path: "stream" }] });
    const socket = connect(broker.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    await once(socket, "connect");
    socket.write(streamHead(`session=${opened.session.id}`, way));
    await until(() => text.includes("event: open") && text.endsWith("\n\n"), "the stream");
    begins.push(text.replace(/^date: .*\r\n/im, ""));
    const closed = once(socket, "close");
    await alice.client.endSession({ session: opened.session.id });
    await closed;
    expect(text).toContain("session_over");
  }
  expect(begins[0]).toBe(begins[1]);
});

test("what is accepted is answered alike, its head too", async () => {
  const [usual, other] = [await answerTo({ body: message() }, "usual"), await answerTo({ body: message() }, "other")];
  expect(usual.status).toBe("HTTP/1.1 202 Accepted");
  const head = ({ headers }: typeof usual) => headers.filter(([name]) => name !== "content-length");
  expect(head(usual)).toEqual(head(other));
  expect(Object.keys(usual.json)).toEqual(Object.keys(other.json));
});

test("the mesh key, which is no agent, is refused as on the other way", async () => {
  const asked = { body: message(), headers: { authorization: `Bearer ${broker.key}` } };
  const [usual, other] = [await answerTo(asked, "usual"), await answerTo(asked, "other")];
  expect(usual.json).toMatchObject({ code: "forbidden", status: 403 });
  expect(usual).toEqual(other);
});

test("bodies that never come whole are counted while their connections are open, and no longer", async () => {
  const open: Socket[] = [];
  const begin = async (more: string) => {
    const socket = connect(broker.port, "127.0.0.1");
    open.push(socket);
    await once(socket, "connect");
    const whole = wire({ body: message() }, "usual");
    socket.write(more === "" ? whole.subarray(0, whole.length - 5) : whole);
    return socket;
  };
  for (let i = 0; i < httpLimits.bodiesPerAgent; i++) await begin("");
  await until(async () => {
    const { status, json } = await answerTo({}, "usual");
    return status?.includes(" 429 ") && json.code === "too_much_at_once";
  }, "the share to be taken");
  for (const socket of open) socket.destroy();
  await until(async () => (await answerTo({}, "usual")).status?.includes(" 400 "), "the share to be free");
});

test("of requests on one connection, some of them not usual, the answers come in their order", async () => {
  const socket = connect(broker.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "connect");
  const ways = ["usual", "other", "usual", "usual", "other", "usual"] as const;
  const asked = ways.map((way, i) => wire({ body: JSON.stringify({ to: `nobody-${i}`, body: "x" }) }, way));
  socket.write(Buffer.concat(asked));
  const named = () => [...text.matchAll(/"detail":"[^}]*?nobody-(\d)/g)].map(([, i]) => Number(i));
  await until(() => named().length >= ways.length, "the answers");
  expect(named()).toEqual([0, 1, 2, 3, 4, 5]);
  socket.destroy();
});

test("a path is found by its words and its one name; what the router has to decode or refuse is left to it", () => {
  const paths = new Paths<string>();
  paths.add("/v1/messages", "send");
  paths.add("/v1/inbox/acks", "ackMany");
  paths.add("/v1/deliveries/:delivery/ack", "ack");
  paths.add("/v1/sessions/:session", "end");
  expect(paths.find("/v1/messages")).toEqual({ route: "send", params: {} });
  expect(paths.find("/v1/inbox/acks")).toEqual({ route: "ackMany", params: {} });
  expect(paths.find("/v1/deliveries/dlv_1/ack")).toEqual({ route: "ack", params: { delivery: "dlv_1" } });
  expect(paths.find("/v1/sessions/ses_1")).toEqual({ route: "end", params: { session: "ses_1" } });
  const others = ["/v1/deliveries/:/ack", "/v1/deliveries/a%2Fb/ack", "/v1/deliveries//ack", "/v1/deliveries/a/b/ack"];
  for (const url of [...others, "/v1/deliveries/a/ack?x", "/v1/messages/", "/v1", "*", "", "/V1/messages"]) {
    expect(paths.find(url), url).toBeUndefined();
  }
  expect(() => paths.add("/v1/a/:b/:c", "two")).toThrow("a path for the router");
});
