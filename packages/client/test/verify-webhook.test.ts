/** verifyWebhook against the broker's own posts and against the library of Standard Webhooks. */
import { verifyWebhook, type WebhookFault } from "@agentmesh/client";
import { type Message, webhookEventOf } from "@agentmesh/protocol";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { openWebhookReceiver, startTestBroker, until } from "testkit";
import { describe, expect, test } from "vitest";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const id = (prefix: string) => `${prefix}_${"0".repeat(32)}`;

const message = {
  id: id("msg"),
  kind: "message",
  from: { id: id("agt"), name: "alice" },
  to: "bob",
  urgency: "normal",
  body: "Grüße, 你好 👍",
  bodyBytes: 20,
  threadId: id("thr"),
  hops: 0,
  acceptedAt: "2026-11-22T13:29:29.000Z",
  expiresAt: "2026-11-29T13:29:29.000Z",
} as Message;
const event = {
  type: "agentmesh.message.v1",
  timestamp: message.acceptedAt,
  data: { id: id("dlv"), seq: 1, attempt: 1, redelivered: false, to: { id: id("agt"), name: "bob" }, message },
};

/** A post as another implementation of Standard Webhooks signs it. */
function post(body = JSON.stringify(event), { at = new Date(), secret = SECRET } = {}) {
  return {
    body,
    headers: {
      "webhook-id": id("dlv"),
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new StandardWebhook(secret).sign(id("dlv"), at, body),
    },
  };
}

describe("verifyWebhook", () => {
  test("believes what Standard Webhooks' own library signs, and returns the typed message", async () => {
    const { id: name, event: got } = await verifyWebhook({ ...post(), secret: SECRET });
    expect(name).toBe(id("dlv"));
    if (got.type !== "agentmesh.message.v1") throw new Error("another event");
    expect(got.data.message.body).toBe("Grüße, 你好 👍");
    expect(got).toEqual(webhookEventOf(event));
  });

  test("takes the body as bytes or text, and headers of fetch, of node:http and of proxies that change their case", async () => {
    const { body, headers } = post();
    const forms = [
      { body: new TextEncoder().encode(body), headers: new Headers(headers) },
      { body: Buffer.from(body), headers: { ...headers, "x-more": ["a", "b"], "x-none": undefined } },
      {
        body,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
      },
    ];
    for (const form of forms) expect((await verifyWebhook({ ...form, secret: SECRET })).event.type).toBe(event.type);
  });

  test("believes any of several signatures under any of several secrets, as while one is rotated", async () => {
    const [old, fresh] = [post(), post(undefined, { secret: OTHER })];
    const both = `v1a,ed25519-is-not-ours v1,${"A".repeat(43)}= ${old.headers["webhook-signature"]} ${fresh.headers["webhook-signature"]}`;
    const headers = { ...old.headers, "webhook-signature": both };
    for (const secret of [SECRET, OTHER, [id("x"), OTHER], [SECRET, OTHER]]) {
      expect((await verifyWebhook({ body: old.body, headers, secret })).id).toBe(id("dlv"));
    }
  });

  test("takes a secret without whsec_, as Hermes has them, and a CloudEvents envelope", async () => {
    const cloud = JSON.stringify({
      specversion: "1.0",
      id: id("dlv"),
      source: "/agentmesh",
      type: event.type,
      subject: "bob",
      time: event.timestamp,
      datacontenttype: "application/json",
      data: event.data,
    });
    expect((await verifyWebhook({ ...post(cloud), secret: SECRET })).event).toEqual(webhookEventOf(event));
    const raw = "a-secret-as-hermes-makes-them";
    const signed = new StandardWebhook(Buffer.from(raw), { format: "raw" }).sign(id("dlv"), new Date(), "{}");
    const headers = { ...post().headers, "webhook-signature": signed };
    await expect(verifyWebhook({ body: "{}", headers, secret: raw })).rejects.toMatchObject({ code: "unknown_event" });
  });

  const { body, headers } = post();
  const minutes = (n: number) => new Date(Date.now() + n * 60_000);
  const without = (name: string) => ({ ...headers, [name]: undefined });
  const faults: [string, WebhookFault, Partial<Parameters<typeof verifyWebhook>[0]>][] = [
    ["without an id", "missing_header", { headers: without("webhook-id") }],
    ["without a time", "missing_header", { headers: without("webhook-timestamp") }],
    ["without a signature", "missing_header", { headers: new Headers() }],
    ["with a time that is none", "invalid_timestamp", { headers: { ...headers, "webhook-timestamp": "soon" } }],
    ["replayed after six minutes", "too_old", post(undefined, { at: minutes(-6) })],
    ["from six minutes ahead", "too_new", post(undefined, { at: minutes(6) })],
    ["whose body was changed", "no_matching_signature", { body: body.replace("alice", "mallet") }],
    ["whose id was changed", "no_matching_signature", { headers: { ...headers, "webhook-id": "dlv_2" } }],
    [
      "whose time was refreshed",
      "no_matching_signature",
      { headers: { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 1) } },
    ],
    ["signed with another secret", "no_matching_signature", post(undefined, { secret: OTHER })],
    [
      "with half a signature",
      "no_matching_signature",
      { headers: { ...headers, "webhook-signature": headers["webhook-signature"].slice(0, 20) } },
    ],
    [
      "with no version before it",
      "no_matching_signature",
      { headers: { ...headers, "webhook-signature": headers["webhook-signature"].slice(3) } },
    ],
    ["that is no UTF-8", "no_matching_signature", { body: new Uint8Array([0xff, 0xfe]) }],
    ["that is no JSON", "unknown_event", post("hello")],
    ["of a type to come", "unknown_event", post(JSON.stringify({ ...event, type: "agentmesh.message.v2" }))],
    ["with a message of another form", "unknown_event", post(JSON.stringify({ ...event, data: {} }))],
    ["under a secret that is none", "invalid_secret", { secret: "whsec_!" }],
  ];
  test.each(faults)("refuses a post %s", async (_, code, change) => {
    await expect(verifyWebhook({ body, headers, secret: SECRET, ...change })).rejects.toMatchObject({
      name: "WebhookVerificationError",
      code,
      message: expect.stringMatching(/.{20,}/),
    });
  });

  test("believes the broker's posts, of messages and of tests, in both dialects it parses", async () => {
    await using broker = await startTestBroker();
    await using receiver = await openWebhookReceiver(200);
    const bob = await broker.agent("bob");
    const alice = await broker.agent("alice");
    for (const dialect of ["agentmesh", "cloudevents"] as const) {
      receiver.posts.length = 0;
      const { secret = "" } = await bob.client.setWebhook({ agent: "me", url: receiver.url, dialect });
      await bob.client.testWebhook({ agent: "me" });
      const { deliveries } = await alice.client.send({ to: "bob", body: `in ${dialect} 👍` });
      await until(() => receiver.posts.length === 2, "both posts");
      const [tried, posted] = await Promise.all(receiver.posts.map((each) => verifyWebhook({ ...each, secret })));
      expect(tried?.event).toMatchObject({ type: "agentmesh.test.v1", data: { to: { name: "bob" } } });
      expect(posted).toMatchObject({
        id: deliveries[0]?.deliveryId,
        event: {
          type: "agentmesh.message.v1",
          data: { message: { body: `in ${dialect} 👍`, from: { name: "alice" } } },
        },
      });
    }
  });
});
