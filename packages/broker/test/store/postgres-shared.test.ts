/** What holds for all brokers of a mesh on Postgres, and not for each: who posts, how much may be sent, who waits for whom. */
import { MeshApiError } from "@agentmesh/client";
import { openWebhookReceiver, type Posted, packagedPostgres, type TestBroker, until } from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { forgetBudgets } from "../../src/store/postgres/shared/spending.ts";
import { usePostgres } from "./postgres-engine.ts";
import { brokerPair } from "./postgres-pair.ts";

const version = packagedPostgres();

async function onDuty(brokers: readonly TestBroker[]): Promise<readonly [on: TestBroker, off: TestBroker]> {
  const told = await Promise.all(brokers.map(async (broker) => ({ broker, status: await broker.admin.status() })));
  const [on, off] = told.toSorted(
    (a, b) => Number(b.status.storage.server?.isOnDuty) - Number(a.status.storage.server?.isOnDuty),
  );
  if (!on?.status.storage.server?.isOnDuty || !off) throw new Error("nobody is on duty");
  return [on.broker, off.broker];
}

/** Sets an event webhook as an MCP client of the newest revision does. */
async function subscribed(broker: TestBroker, token: string, url: string): Promise<string> {
  const revision = "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
  const params = { _meta, name: "message.received", delivery: { mode: "webhook", url, secret } };
  const answer = await fetch(`${broker.url}/mcp`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "events/subscribe", params }),
    headers: {
      ...{ "content-type": "application/json", authorization: `Bearer ${token}` },
      ...{ "mcp-protocol-version": revision, "mcp-method": "events/subscribe" },
    },
  });
  return z.object({ result: z.looseObject({ id: z.string() }) }).parse(await answer.json()).result.id;
}

/** Answers the challenge of an event webhook, and takes its events. */
function echo({ body }: Posted, response: { end(text: string): unknown }): void {
  const { challenge } = z.looseObject({ challenge: z.string().optional() }).parse(JSON.parse(body));
  response.end(JSON.stringify({ challenge }));
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "accepted",
    (error: unknown) => {
      if (error instanceof MeshApiError) return error.code;
      throw error;
    },
  );
}

describe.skipIf(version.whyNot !== undefined)(
  `brokers of one mesh on ${version.name} (${version.whyNot ?? "here"})`,
  () => {
    const { newDatabase } = usePostgres(version);

    test("have one budget for an agent, to all and to one other, and one count of the same text", async () => {
      await using mesh = await brokerPair(
        await newDatabase(),
        ...["--sender-per-minute", "6", "--pair-per-minute", "4", "--repeats-per-minute", "2"],
      );
      const [first, second] = mesh.brokers;
      const ann = await first.agent("ann");
      for (const name of ["ben", "cat"]) await second.agent(name);
      const at = [first, second].map(({ client }) => client(ann.token, { retryForMs: 0 }));
      const send = (n: number, to: string, body: string, idempotencyKey?: string) =>
        codeOf(
          at[n % 2]?.send({ to, body, ...(idempotencyKey !== undefined && { idempotencyKey }) }) ?? Promise.reject(),
        );
      const codes: string[] = [];
      for (let n = 0; n < 3; n++) codes.push(await send(n, "ben", "the same"));
      for (let n = 0; n < 3; n++) codes.push(await send(n, "ben", `to ben ${n}`));
      for (let n = 0; n < 3; n++) codes.push(await send(n, "cat", `to cat ${n}`));
      expect(codes).toEqual([
        ...["accepted", "accepted", "duplicate_storm"],
        ...["accepted", "accepted", "rate_limited"],
        ...["accepted", "accepted", "rate_limited"],
      ]);
      // At once, from both sides.
      const dan = await second.agent("dan");
      const both = [first, second].map(({ client }) => client(dan.token, { retryForMs: 0 }));
      const crossed = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          codeOf(both[n % 2]?.send({ to: "ben", body: `crossed ${n}` }) ?? Promise.reject()),
        ),
      );
      expect(crossed.filter((code) => code === "accepted")).toHaveLength(4);
    });

    test("forget a budget that is full again, and wait for none that is being spent of", async () => {
      const { db } = await openPostgres({ url: await newDatabase() });
      const keys = () => db.use((connection) => connection.all("SELECT key FROM budget ORDER BY key"));
      await db.use((connection) =>
        connection.script("INSERT INTO budget SELECT key, 1, 0 FROM (VALUES ('ann'), ('ben')) AS them (key)"),
      );
      await db.use(async (spending) => {
        await spending.script("BEGIN; UPDATE budget SET tokens = tokens WHERE key = 'ben'");
        expect(await db.use(forgetBudgets)).toBe(1);
        await spending.script("COMMIT");
      });
      expect(await keys()).toEqual([{ key: "ben" }]);
      expect(await db.use(forgetBudgets)).toBe(1);
      await db.close();
    });

    test("refuse an ask that would wait for itself, also when its other half waits at another broker, until that is gone", async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [first, second] = mesh.brokers;
      const ann = await first.agent("ann");
      const ben = await second.agent("ben");
      const asked = ann.client.ask({ to: "ben", body: "what?", timeoutMs: 60_000 }).catch((error: unknown) => error);
      const leased = async () => (await ben.client.lease({ max: 1 })).deliveries.length > 0;
      await Promise.race([until(leased, "the question to come"), asked.then((error) => Promise.reject(error))]);
      const back = second.client(ben.token, { retryForMs: 0 });
      expect(await codeOf(back.ask({ to: "ann", body: "no, you", timeoutMs: 5_000 }))).toBe("would_deadlock");
      // What is awaited there is kept back for it here.
      const { entries } = await second.admin.log({ limit: 50 });
      const question = entries.find(({ event }) => event === "accepted")?.messageId;
      if (question === undefined) throw new Error("the question is not in the log");
      await back.send({ to: "ann", inReplyTo: question, body: "this" });
      expect(await asked).toMatchObject({ status: "replied", reply: { body: "this" } });
      const again = ann.client.ask({ to: "ben", body: "and?", timeoutMs: 15_000 }).catch((error: unknown) => error);
      await until(async () => (await back.lease({ max: 1 })).deliveries.length > 0, "the second question to come");
      expect(await codeOf(back.ask({ to: "ann", body: "and you?", timeoutMs: 1 }))).toBe("would_deadlock");
      await first.kill();
      await until(
        async () => (await codeOf(back.ask({ to: "ann", body: "well", timeoutMs: 1 }))) === "accepted",
        "the call that is gone to count no more",
      );
      await first.start();
      await again;
    });

    test("end a call that waits at one of them when its answer is waived at another", async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [first, second] = mesh.brokers;
      const ann = await first.agent("ann");
      await second.agent("ben");
      const asked = ann.client.ask({ to: "ben", body: "what?", timeoutMs: 60_000 });
      const owed = async () => (await second.admin.listAsks()).owed[0]?.messageId;
      const message = await until(owed, "the question to come");
      // By its asker: no notice wakes the call.
      await second.client(ann.token).waive({ message });
      const began = performance.now();
      expect(await asked).toMatchObject({ status: "ended", endedWhy: "waived by its asker", messageId: message });
      expect(performance.now() - began).toBeLessThan(15_000);
    });

    test("post each webhook from one of them, which is another within seconds when that one dies, as the last one was told of it", async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [on, off] = await onDuty(mesh.brokers);
      await using receiver = await openWebhookReceiver();
      const ann = await off.agent("ann");
      const ben = await off.agent("ben");
      await ben.client.setWebhook({ agent: "me", url: receiver.url });
      const sent: string[] = [];
      const send = async (broker: TestBroker, body: string) => {
        const { messageId } = await broker.client(ann.token).send({ to: "ben", body });
        sent.push(messageId);
      };
      const posted = () => receiver.posts.flatMap(({ body }) => sent.filter((id) => body.includes(id)));
      for (const [n, broker] of [on, off, on, off].entries()) await send(broker, `with both ${n}`);
      await until(() => posted().length >= 4, "all to be posted");
      expect(posted()).toEqual(sent);
      // How it does is told by either.
      for (const broker of [on, off]) {
        const webhook = await broker.client(ben.token).getWebhook({ agent: "me" });
        expect(webhook.state).toBe("working");
      }
      await off.client(ben.token).rotateWebhook({ agent: "me" });
      await on.kill();
      await send(off, "to the one that is left");
      const since = performance.now();
      await until(() => posted().length >= 5, "the other one to post");
      expect(performance.now() - since, "ms until it was posted").toBeLessThan(15_000);
      expect(posted()).toEqual(sent);
      // The one that comes back does not post beside it.
      await on.start();
      for (const [n, broker] of [on, off, on, off].entries()) await send(broker, `with both again ${n}`);
      await until(() => posted().length >= 9, "all to be posted");
      expect(posted()).toEqual(sent);
      expect((await off.client(ben.token).removeWebhook({ agent: "me" })).removed).toBe(true);
      await until(async () => (await on.admin.status()).webhooks.total === 0, "the other one to know");
    });

    test("post each event webhook from one of them, which goes on behind what the last one was told was taken", async () => {
      await using mesh = await brokerPair(await newDatabase(), "--mcp-events");
      const [on, off] = await onDuty(mesh.brokers);
      await using receiver = await openWebhookReceiver(echo);
      const ann = await off.agent("ann");
      const ben = await off.agent("ben");
      const id = await subscribed(off, ben.token, receiver.url);
      expect(await subscribed(on, ben.token, receiver.url), "the same at the other one").toBe(id);
      const told = (body: string) => receiver.posts.filter((post) => post.body.includes(body)).length;
      await ann.client.send({ to: "ben", body: "with both" });
      await until(() => told("with both") > 0, "the event to be posted");
      expect(receiver.posts.filter(({ body }) => body.includes('"verification"'))).toHaveLength(1);
      await on.kill();
      await ann.client.send({ to: "ben", body: "with one" });
      await until(() => told("with one") > 0, "the other one to post");
      expect(told("with one")).toBe(1);
    });

    test("leave an agent's mail to its stream at another broker, and post it when that is closed", async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [on, off] = await onDuty(mesh.brokers);
      await using receiver = await openWebhookReceiver();
      const ann = await on.agent("ann");
      const ben = await off.agent("ben");
      const leaving = new AbortController();
      const got: string[] = [];
      const read = (async () => {
        for await (const delivery of ben.client.inbox({ signal: leaving.signal })) {
          got.push(delivery.message.body);
          await delivery.ack();
        }
      })().catch(() => {});
      await ann.client.send({ to: "ben", body: "first" });
      await until(() => got.length === 1, "the stream to be read");
      await ben.client.setWebhook({ agent: "me", url: receiver.url });
      await until(async () => (await on.admin.status()).webhooks.total === 1, "the one on duty to know");
      for (let n = 0; n < 5; n++) await ann.client.send({ to: "ben", body: `streamed ${n}` });
      await until(() => got.length === 6, "the stream to have it");
      expect(receiver.posts).toEqual([]);
      leaving.abort();
      await read;
      await ann.client.send({ to: "ben", body: "posted" });
      await until(() => receiver.posts.length === 1, "it to be posted");
      expect(receiver.posts[0]?.body).toContain("posted");
    });
  },
);
