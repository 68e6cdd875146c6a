/** What the broker refuses over HTTP, and with which code; test/callers walks every endpoint. */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import {
  errorTable,
  MAX_ACKS_PER_CALL,
  MAX_BODY_BYTES,
  MAX_BYTES_PER_LEASE,
  MAX_DELIVERIES_PER_LEASE,
  MAX_REQUEST_BYTES,
  Problem,
} from "@agentmesh/protocol";
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
let alice: TestAgent;
let bob: TestAgent;

beforeAll(async () => {
  broker = await startTestBroker();
  alice = await broker.agent("alice");
  bob = await broker.agent("poker-engine");
});

afterEach(async () => {
  const { deliveries } = await broker.admin.status();
  expect(deliveries.leased, "no leased rows are left behind").toBe(0);
});

afterAll(() => broker[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly problem: Problem | undefined;
}

function call(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: "127.0.0.1", port: broker.port, method, path, headers: options.headers ?? {}, agent: false },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => {
          const parsed = response.headers["content-type"]?.includes("problem")
            ? Problem.parse(JSON.parse(text))
            : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, problem: parsed });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}

const json = { "content-type": "application/json" };
const as = (token: string) => ({ authorization: `Bearer ${token}` });
const send = (body: unknown, headers: Record<string, string> = {}) =>
  call("POST", "/v1/messages", {
    headers: { ...json, ...as(alice.token), ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const stored = async () => Object.values((await broker.admin.status()).deliveries).reduce((a, b) => a + b, 0);

describe("a path", () => {
  test("that is unknown is 404, a method that it does not know 405, both as problems", async () => {
    expect((await call("PUT", "/v1/messages", { headers: as(alice.token) })).problem?.code).toBe("method_not_allowed");
    expect((await call("GET", "/v2/nothing")).problem?.code).toBe("route_not_found");
  });

  test("that is too long, or no URL, is a problem in a sentence", async () => {
    const publish = (topic: string) =>
      call("POST", `/v1/topics/${topic}/messages`, { headers: { ...json, ...as(alice.token) }, body: '{"body":"x"}' });
    expect((await publish("t".repeat(201))).problem).toMatchObject({
      code: "invalid_request",
      detail: expect.stringContaining("topic takes "),
    });
    const long = await call("GET", `/v1/agents/${"a".repeat(9_000)}`, { headers: as(alice.token) });
    expect(long.problem?.code).toBe("invalid_request");
    const bad = await call("GET", "/v1/agents/%ff", { headers: as(alice.token) });
    expect(bad.problem).toMatchObject({ code: "invalid_request", detail: expect.stringContaining("no valid URL") });
    expect(bad.headers).toMatchObject({ "agentmesh-protocol": "1", "cache-control": "no-store" });
  });
});

describe("the Host header", () => {
  const raw = (lines: string[]) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(broker.port, "127.0.0.1", () =>
        socket.end(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n`),
      );
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
      socket.on("error", reject);
    });

  test.each(["evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "127.0.0.1:80", "127.0.0.1", "localhost.:7899"])(
    "%s is refused",
    async (host) => {
      expect(await raw(["GET /health HTTP/1.1", `host: ${host}`])).toContain("421");
    },
  );

  test("two of them, or another authority in the request line, are refused", async () => {
    const own = `127.0.0.1:${broker.port}`;
    expect(await raw(["GET /health HTTP/1.1", `host: ${own}`, "host: evil.com"])).toContain("400");
    expect(await raw([`GET http://evil.com/health HTTP/1.1`, `host: ${own}`])).toContain("421");
    expect(await raw(["GET /health HTTP/1.1", `host: localhost:${broker.port}`])).toContain("200");
  });
});

describe("a sender", () => {
  test("may not name another sender", async () => {
    const answer = await send({ from: "poker-engine", to: "poker-engine", body: "x" });
    expect(answer.problem).toMatchObject({ code: "sender_mismatch", status: 403 });
    expect((await send({ from: bob.agent.id, to: "poker-engine", body: "x" })).problem?.code).toBe("sender_mismatch");
  });

  test("of an unknown name gets 404 with near names (T14)", async () => {
    const answer = await send({ to: "poker-engin", body: "x" });
    expect(answer.problem).toMatchObject({ code: "agent_not_found", status: 404, nearNames: ["poker-engine"] });
    expect(answer.problem?.detail).toContain("Did you mean poker-engine?");
  });

  test("of an oversize body gets 413 naming the limit, also when the request is too large to read (T41)", async () => {
    const answer = await send({ to: "poker-engine", body: `${"é".repeat(MAX_BODY_BYTES / 2)}x` });
    expect(answer.problem).toMatchObject({ code: "body_too_large", status: 413 });
    expect(answer.problem?.detail).toContain(String(MAX_BODY_BYTES));
    const huge = await send({ to: "poker-engine", body: "x".repeat(MAX_REQUEST_BYTES) });
    expect(huge.problem).toMatchObject({ code: "body_too_large" });
    expect(huge.problem?.detail).toContain(String(MAX_REQUEST_BYTES));
  });

  const malformed: [string, unknown][] = [
    ["broken JSON", "{"],
    ["no JSON object", "[]"],
    ["an empty request", ""],
    ["an unknown field", { to: "poker-engine", body: "x", text: "y" }],
    ["a wrong type", { to: "poker-engine", body: 5 }],
    ["an empty body", { to: "poker-engine", body: "" }],
    ["NUL in the text", { to: "poker-engine", body: "a\0b" }],
    ["half a surrogate pair", '{"to":"poker-engine","body":"\\ud800"}'],
    ["a prototype", '{"__proto__":{"to":"poker-engine"},"body":"x"}'],
    ["neither recipient nor message", { body: "x" }],
    ["a life of zero", { to: "poker-engine", body: "x", ttlMs: 0 }],
    ["a key with blanks", { to: "poker-engine", body: "x", idempotencyKey: "a b" }],
  ];
  test.each(malformed)("of %s gets 400 saying what is wrong", async (_, body) => {
    const answer = await send(body);
    expect(answer.problem).toMatchObject({ code: "invalid_request", status: 400, retryable: false });
    expect(answer.problem?.detail.length).toBeGreaterThan(20);
  });

  test("of bytes that are no UTF-8 gets 400, and nothing stands in their place", async () => {
    const body = Buffer.from('{"to":"poker-engine","body":"caf\xe9"}', "latin1");
    const answer = await call("POST", "/v1/messages", { headers: { ...json, ...as(alice.token) }, body });
    expect(answer.problem).toMatchObject({ code: "invalid_request", detail: expect.stringContaining("not UTF-8") });
  });

  test("of a token in the URL is refused", async () => {
    const answer = await call("GET", `/v1/agents?token=${alice.token}`, { headers: as(alice.token) });
    expect(answer.problem?.detail).toContain("must not stand in a URL");
  });

  test("has stored nothing by all that", async () => {
    expect(await stored()).toBe(0);
  });
});

describe("many acks in one call", () => {
  test("are answered one by one, a refused one with the problem that its own call is answered with", async () => {
    const reader = await broker.agent("reader");
    for (const body of ["one", "two"]) await alice.client.send({ to: "reader", body });
    const { results } = await reader.client.ackMany({
      acks: [{ delivery: "7" }, { delivery: "1" }, { delivery: "#2" }, { delivery: "2", receipt: "none" }],
    });
    expect(results[1]).toMatchObject({ deliveryId: expect.stringMatching(/^dlv_/), state: "acked", duplicate: false });
    for (const [i, delivery, receipt] of [
      [0, "7"],
      [2, "#2"],
      [3, "2", "none"],
    ] as const) {
      const own = await call("POST", `/v1/deliveries/${encodeURIComponent(delivery)}/ack`, {
        headers: { authorization: `Bearer ${reader.token}`, "content-type": "application/json" },
        body: JSON.stringify(receipt === undefined ? {} : { receipt }),
      });
      const problem = { ...own.problem, instance: expect.any(String) };
      expect(results[i], delivery).toEqual({ delivery, problem });
    }
    await reader.client.ack({ delivery: "2" });
  });

  test.each([
    ["nothing at all", []],
    ["more than one call takes", Array.from({ length: MAX_ACKS_PER_CALL + 1 }, () => ({ delivery: "1" }))],
    ["an entry of another form", [{ delivery: "1" }, { delivery: "2", evidence: "taken" }]],
  ])("with %s is refused whole, and nothing was done", async (what, acks) => {
    const reader = await broker.agent(`reader of ${what}`.replaceAll(" ", "-"));
    await alice.client.send({ to: reader.agent.name, body: "one" });
    const answer = await call("POST", "/v1/inbox/acks", {
      headers: { authorization: `Bearer ${reader.token}`, "content-type": "application/json" },
      body: JSON.stringify({ acks }),
    });
    expect([answer.status, answer.problem?.code]).toEqual([400, "invalid_request"]);
    expect((await reader.client.listInbox()).open).toBe(1);
  });

  test("and a lease of many go as far as they may: the largest of both is within every limit of a request", async () => {
    const reader = await broker.agent("greedy");
    const sends = Array.from({ length: MAX_DELIVERIES_PER_LEASE + 4 }, (_, i) => ({
      to: "greedy",
      body: String(i).padEnd(1_100, "x"),
    }));
    for (const each of sends) await alice.client.send(each);
    const terms = { max: MAX_DELIVERIES_PER_LEASE, maxBytes: MAX_BYTES_PER_LEASE, leaseMs: 3_600_000 };
    const first = await reader.client.lease(terms);
    expect(first.deliveries.length).toBe(Math.floor(MAX_BYTES_PER_LEASE / 1_100));
    const rest = await reader.client.lease(terms);
    const acks = [...first.deliveries, ...rest.deliveries].map(({ id, receipt }) => ({
      ...{ delivery: id, receipt, evidence: "transcript" as const },
    }));
    expect([acks.length, rest.queued]).toEqual([MAX_DELIVERIES_PER_LEASE + 4, 0]);
    const answers = [acks.slice(0, MAX_ACKS_PER_CALL), acks.slice(MAX_ACKS_PER_CALL)].map((part) =>
      reader.client.ackMany({ acks: part }),
    );
    const results = (await Promise.all(answers)).flatMap((each) => each.results);
    expect(results.filter((each) => "duplicate" in each && !each.duplicate)).toHaveLength(acks.length);
  });
});

describe("another agent's things", () => {
  test("cannot be looked at, taken, acked, renewed or removed", async () => {
    const { messageId } = await alice.client.send({ to: "poker-engine", body: "private" });
    const eve = await broker.agent("eve");
    const { session } = await bob.client.openSession();
    const refused = async (promise: Promise<unknown>) =>
      promise.then(
        () => "allowed",
        (error: { code?: string }) => error.code,
      );
    expect(await refused(eve.client.listInbox({ agent: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.getMessage({ message: messageId }))).toBe("message_not_found");
    expect(await refused(eve.client.ack({ delivery: "1" }))).toBe("delivery_not_found");
    expect(await refused(eve.client.heartbeat({ session: session.id }))).toBe("session_not_found");
    expect(await refused(eve.client.endSession({ session: session.id }))).toBe("session_not_found");
    expect(await refused(eve.client.removeAgent({ agent: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.log({ agent: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.getWebhook({ agent: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.setWebhook({ agent: "poker-engine", url: "http://127.0.0.1:8080/" }))).toBe(
      "forbidden",
    );
    expect(await refused(eve.client.removeWebhook({ agent: "poker-engine" }))).toBe("forbidden");
    expect((await eve.client.log()).entries).toEqual([]);
    expect((await eve.client.lease()).deliveries).toEqual([]);
    const { threadId } = (await broker.admin.getMessage({ message: messageId })).message;
    const filters = [
      {},
      { thread: threadId },
      { query: "private" },
      { query: "pri*" },
      { with: "alice" },
      { agent: "me" },
    ];
    for (const filter of filters) {
      expect(await eve.client.listMessages(filter), JSON.stringify(filter)).toMatchObject({ entries: [] });
      expect((await eve.client.listMessages(filter)).nextBefore).toBeUndefined();
    }
    expect((await eve.client.log({ thread: threadId })).entries).toEqual([]);
    for (const thread of [messageId, "1"] as const) {
      expect(await refused(eve.client.listMessages({ thread }))).toBe("message_not_found");
      expect(await refused(eve.client.log({ thread }))).toBe("message_not_found");
    }
    expect(await refused(eve.client.listMessages({ agent: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.listMessages({ agent: "alice", with: "poker-engine" }))).toBe("forbidden");
    expect(await refused(eve.client.listMessages({ with: "nobody-here" }))).toBe("agent_not_found");
    for (const thread of [threadId, messageId, "1"] as const) {
      expect((await bob.client.listMessages({ thread })).entries).toMatchObject([{ message: { body: "private" } }]);
    }
    const [mine] = (await bob.client.lease({ session: session.id })).deliveries;
    expect(await refused(eve.client.ack({ delivery: mine?.id ?? "1" }))).toBe("delivery_not_found");
    const acks = [{ delivery: mine?.id ?? "1", receipt: mine?.receipt ?? "none" }, { delivery: "1" }];
    const { results } = await eve.client.ackMany({ acks });
    expect(results.map((each) => ("problem" in each ? each.problem.code : "acked"))).toEqual([
      "delivery_not_found",
      "delivery_not_found",
    ]);
    expect((await bob.client.listInbox()).entries).toMatchObject([{ id: mine?.id, state: "leased" }]);
    await bob.client.ack({ delivery: "1" });
    await bob.client.endSession({ session: session.id });
  });
});

describe("secrets", () => {
  test("are in no log line and no listing", async () => {
    const listing = JSON.stringify([
      await broker.admin.listAgents(),
      await broker.admin.status(),
      await broker.admin.log(),
    ]);
    for (const secret of [alice.token, bob.token, broker.key]) {
      expect(listing).not.toContain(secret);
      expect(broker.log()).not.toContain(secret);
    }
  });
});

test("every code of the table has a status of its class, and its problem is what the client throws", async () => {
  for (const [code, { status }] of Object.entries(errorTable))
    expect([code, status >= 400 && status < 600]).toEqual([code, true]);
  await expect(alice.client.send({ to: "nobody-at-all", body: "x" })).rejects.toMatchObject({
    name: "MeshApiError",
    code: "agent_not_found",
    status: 404,
  });
});
