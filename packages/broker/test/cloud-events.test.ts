/** CloudEvents in: what their own library writes, in both modes, is published as a message, once for each source and id. */
import { CloudEvent, HTTP, type Message } from "cloudevents";
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

let broker: TestBroker;
let ci: TestAgent;
let bob: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  ci = await broker.agent("ci");
  bob = await broker.agent("bob");
  await bob.client.subscribe({ topic: "build.>" });
});
afterAll(() => broker[Symbol.asyncDispose]());

const Answer = z.looseObject({
  code: z.string().optional(),
  detail: z.string().optional(),
  duplicate: z.boolean().optional(),
});

async function publish(
  body: string | undefined,
  headers: Record<string, string>,
  path = "/v1/topics/build.main/messages",
) {
  const answer = await fetch(broker.url + path, {
    method: "POST",
    ...(body !== undefined && { body }),
    headers: { authorization: `Bearer ${ci.token}`, ...headers },
  });
  return { status: answer.status, ...Answer.parse(await answer.json()) };
}

function asSent({ headers, body }: Message): Parameters<typeof publish> {
  return [
    typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  ];
}

async function came(): Promise<string[]> {
  const { deliveries } = await bob.client.lease({ max: 25 });
  for (const { id, receipt } of deliveries) await bob.client.ack({ delivery: id, receipt });
  return deliveries.map(({ message }) => message.body);
}

let count = 0;
const event = (more: Partial<CloudEvent<unknown>> = {}) =>
  new CloudEvent<unknown>({ type: "dev.acme.build.finished", source: "/ci/main", id: `e-${++count}`, ...more });

const kinds: readonly [string, Partial<CloudEvent<unknown>>, string][] = [
  [
    "data with a text",
    { data: { text: "build 7 is red", n: 7 } },
    "CloudEvent dev.acme.build.finished from /ci/main\n\nbuild 7 is red",
  ],
  [
    "other data",
    { data: { n: 7 }, subject: "job/7" },
    'CloudEvent dev.acme.build.finished from /ci/main: job/7\n\n{\n  "n": 7\n}',
  ],
  [
    "a text",
    { data: "plain words", datacontenttype: "text/plain" },
    "CloudEvent dev.acme.build.finished from /ci/main\n\nplain words",
  ],
  [
    "JSON of its own type",
    { data: { n: 1 }, datacontenttype: "application/vnd.acme+json" },
    'CloudEvent dev.acme.build.finished from /ci/main\n\n{\n  "n": 1\n}',
  ],
  ["no data", {}, "CloudEvent dev.acme.build.finished from /ci/main"],
];

test.each(kinds)("an event with %s is a message, in both modes", async (_, more, text) => {
  for (const mode of [HTTP.binary, HTTP.structured]) {
    expect(await publish(...asSent(mode(event(more))))).toMatchObject({
      status: 202,
      duplicate: false,
      counts: { accepted: 1 },
    });
    expect(await came()).toEqual([text]);
  }
});

test("the same source and id are the same message in either mode, and another source is another one", async () => {
  const once = event({ data: { text: "once" } });
  expect(await publish(...asSent(HTTP.binary(once)))).toMatchObject({ duplicate: false });
  expect(await publish(...asSent(HTTP.binary(once)))).toMatchObject({ duplicate: true });
  expect(await publish(...asSent(HTTP.structured(once)))).toMatchObject({ duplicate: true });
  expect(await publish(...asSent(HTTP.structured(once.cloneWith({ source: "/ci/other" }))))).toMatchObject({
    duplicate: false,
  });
  expect(await publish(...asSent(HTTP.structured(once.cloneWith({ data: { text: "twice" } }))))).toMatchObject({
    status: 422,
    code: "idempotency_mismatch",
  });
  expect(await came()).toHaveLength(2);
});

test("words in headers are read as they are meant, and nothing in them makes a line of its own", async () => {
  const headers = {
    ...{ "content-type": "application/json", "ce-specversion": "1.0", "ce-id": "umlaut", "ce-source": "/ci" },
    ...{ "ce-type": "dev.acme.x", "ce-subject": "Gr%C3%BC%C3%9Fe%0Aof two lines" },
  };
  expect(await publish("7", headers)).toMatchObject({ status: 202 });
  const [text = ""] = await came();
  expect(text).toMatch(/^CloudEvent dev\.acme\.x from \/ci: Grüße.of two lines\n\n7$/);
  expect(text.split("\n")).toHaveLength(3);
});

test("bytes are told as bytes, and those of a text as the text", async () => {
  const of = (bytes: Uint8Array) =>
    JSON.stringify({
      specversion: "1.0",
      id: `b-${++count}`,
      source: "/ci",
      type: "t",
      datacontenttype: "image/png",
      data_base64: Buffer.from(bytes).toString("base64"),
    });
  const headers = { "content-type": "application/cloudevents+json; charset=utf-8" };
  await publish(of(Buffer.from("words")), headers);
  await publish(of(new Uint8Array([0xff, 0xfe, 0, 1])), headers);
  expect(await came()).toEqual(["CloudEvent t from /ci\n\nwords", "CloudEvent t from /ci\n\n4 bytes of image/png"]);
});

test("what is no event, or comes where none is taken, is refused, and nothing is stored", async () => {
  const structured = { "content-type": "application/cloudevents+json" };
  const good = { specversion: "1.0", id: "x", source: "/ci", type: "t" };
  for (const wrong of [
    { specversion: "0.3" },
    { id: "" },
    { source: undefined },
    { type: 7 },
    { data_base64: "not base64!" },
  ]) {
    const answer = await publish(JSON.stringify({ ...good, ...wrong }), structured);
    expect(answer).toMatchObject({
      status: 400,
      code: "invalid_request",
      detail: expect.stringContaining(Object.keys(wrong)[0] ?? "?"),
    });
  }
  expect(await publish(JSON.stringify([good]), structured)).toMatchObject({ status: 400 });
  expect(await publish("{}", { "content-type": "application/json", "ce-specversion": "1.0" })).toMatchObject({
    status: 400,
  });
  expect(await publish("no JSON", structured)).toMatchObject({ status: 400 });
  const others = [
    "application/cloudevents-batch+json",
    "application/cloudevents+xml",
    "text/html",
    "application/octet-stream",
  ];
  for (const type of [...others, "text/plain"]) {
    expect(await publish(JSON.stringify(good), { "content-type": type })).toMatchObject({ status: 415 });
  }
  for (const type of others.slice(1)) {
    expect(await publish("x", { "content-type": type, "ce-specversion": "1.0" })).toMatchObject({ status: 415 });
  }
  const elsewhere = await publish(JSON.stringify(good), structured, "/v1/messages");
  expect(elsewhere).toMatchObject({ status: 415, code: "unsupported_media_type" });
  expect(await publish("hi", { "content-type": "text/plain", "ce-specversion": "1.0" }, "/v1/messages")).toMatchObject({
    status: 415,
  });
  expect(await publish(JSON.stringify(good), { ...structured, origin: "https://example.com" })).toMatchObject({
    status: 403,
  });
  expect(await publish(JSON.stringify(good), { ...structured, authorization: "Bearer am_wrong" })).toMatchObject({
    status: 401,
  });
  expect(await came()).toEqual([]);
});
