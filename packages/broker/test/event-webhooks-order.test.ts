/** An event webhook that is renewed and ended in the same moment: what is at work is what is stored. */
import { openWebhookReceiver } from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";
import { EventWebhooks } from "../src/mcp-events/event-webhooks.ts";
import { Messages } from "../src/mesh/messages.ts";
import { Wakes } from "../src/mesh/push/wakes.ts";
import type { Store } from "../src/mesh/store.ts";
import { WaitingAsks } from "../src/mesh/waiting-asks.ts";
import { Seal } from "../src/mesh/webhook/seal.ts";
import { Egress } from "../src/sinks/egress.ts";
import { largeMesh } from "./large-mesh.ts";

test("is over when its end was asked for last, and is verified again when it is set behind that", async () => {
  await using mesh = largeMesh();
  await using receiver = await openWebhookReceiver(({ body }, response) => {
    const { challenge } = z.looseObject({ challenge: z.string() }).parse(JSON.parse(body));
    response.end(JSON.stringify({ challenge }));
  });
  const [agentId = "agt_nobody"] = await mesh.register(["ann"]);
  const { clock, agents } = mesh;
  let meanwhile = () => {};
  const store: Store = {
    ...mesh.store,
    putEventWebhook: (webhook, quota) => {
      const put = mesh.store.putEventWebhook(webhook, quota);
      meanwhile();
      return put;
    },
  };
  const messages = new Messages({ ...mesh, advanced: new Wakes<"log">(), waiting: new WaitingAsks() });
  const egress = new Egress({ loopback: true, allow: [], ownPorts: () => [] });
  const webhooks = new EventWebhooks({
    ...{ mesh: { agents, messages }, store, clock, seal: new Seal(`amk_${"k".repeat(43)}`) },
    callback: { egress, timeoutMs: 10_000, clock },
    onNotice: () => {},
    onFault: (error) => Promise.reject(error),
  });
  const key = { agentId, name: "message.received", arguments: {}, url: receiver.url };
  const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
  const { cursor } = await messages.log({ kind: "key" }, { limit: 1, waitMs: 0 }, new AbortController().signal);
  const set = () => webhooks.subscribe({ ...key, secret, cursor, oldest: 0, ttlMs: undefined });
  const end = () => webhooks.unsubscribe(key);
  const isStored = async () => (await store.listEventWebhooks()).length === 1;

  const challenges = () => receiver.posts.length;

  expect((await set()).isRefreshed).toBe(false);
  let ending: Promise<boolean> | undefined;
  meanwhile = () => {
    ending = end();
    meanwhile = () => {};
  };
  expect((await set()).isRefreshed).toBe(true);
  expect([await ending, await isStored()]).toEqual([true, false]);
  // What is at work is known, and its callback is asked for nothing.
  expect([(await set()).isRefreshed, challenges()], "at work without being stored").toEqual([false, 2]);
  expect(await Promise.all([end(), set()])).toMatchObject([true, { isRefreshed: false }]);
  expect([await isStored(), challenges()], "set again without a challenge").toEqual([true, 3]);
  await webhooks.close();
});
