/** The ways on which a message comes to a program: the stream, a wait, a webhook. */
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { type MeshClient, verifyWebhook } from "@agentmesh/client";
import { insist, inTime, stopwatch, until } from "./steps.ts";
import type { Trial } from "./trial.ts";

/** Sends, streams, acks. */
export const streamPath: Trial = {
  name: "stream path",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("streaming")];
    const over = new AbortController();
    const inbox = to.client.inbox({ signal: over.signal });
    try {
      const coming = inbox.next();
      const since = stopwatch();
      const sent = await from.client.send({ to: to.agent.name, body: "by the stream" });
      const stored = since();
      await isStored(from.client, sent.messageId);
      const { value: delivery } = await inTime("the message on the stream", coming);
      insist(
        delivery?.message.id === sent.messageId && delivery.body === "by the stream",
        "another message was streamed",
      );
      const pushed = since();
      await delivery.ack();
      await isAckedNow(from.client, sent.messageId);
      return `stored after ${stored}, pushed after ${pushed}, acked after ${since()}`;
    } finally {
      over.abort();
      await inbox.return();
    }
  },
};

/** Waits, is given, acks. */
export const waitPath: Trial = {
  name: "wait path",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("waiting")];
    const waiting = to.client.lease({ waitMs: 10_000 });
    const since = stopwatch();
    const sent = await from.client.send({ to: to.agent.name, body: "to who waits" });
    const { deliveries } = await inTime("the message of the wait", waiting);
    const [delivery] = deliveries;
    insist(delivery?.message.id === sent.messageId, "the wait ended without the message");
    const given = since();
    await to.client.ack({ delivery: delivery.id, evidence: "handled" });
    await isAckedNow(from.client, sent.messageId);
    const again = await to.client.lease({});
    insist(again.deliveries.length === 0, "what was acked was given out again");
    return `given after ${given}, acked after ${since()}`;
  },
};

/** Is posted, believes the signature, answers 2xx. */
export const webhookPath: Trial = {
  name: "webhook path",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("hooked")];
    const came = Promise.withResolvers<string>();
    const secret = Promise.withResolvers<string>();
    const receiver = createServer(async (request, response) => {
      try {
        const body = await buffer(request);
        const post = await verifyWebhook({ body, headers: request.headers, secret: await secret.promise });
        came.resolve(post.event.type);
        response.writeHead(204).end();
      } catch (error) {
        came.reject(error);
        response.writeHead(401).end();
      }
    });
    came.promise.catch(() => {});
    try {
      await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
      const address = receiver.address();
      insist(typeof address === "object" && address !== null, "no port was free for a receiver");
      const set = await to.client.setWebhook({ agent: "me", url: `http://127.0.0.1:${address.port}/` });
      insist(set.secret !== undefined, "the broker gave the webhook no secret");
      secret.resolve(set.secret);
      const since = stopwatch();
      const sent = await from.client.send({ to: to.agent.name, body: "to the webhook" });
      await inTime("the post to the webhook", came.promise);
      const posted = since();
      await isAcked(from.client, sent.messageId);
      return `posted after ${posted}, signature right, acked after ${since()}`;
    } finally {
      receiver.closeAllConnections();
      receiver.close();
    }
  },
};

/** What the sender was told is stored can be looked up. @throws MeshApiError, Failed */
async function isStored(sender: MeshClient, message: string): Promise<void> {
  const { deliveries } = await sender.getMessage({ message });
  insist(deliveries.length === 1, `the message has ${deliveries.length} deliveries`);
}

/** Who was told that the ack is made finds it made. @throws Failed */
async function isAckedNow(sender: MeshClient, message: string): Promise<void> {
  const [delivery] = (await sender.getMessage({ message })).deliveries;
  insist(delivery?.state === "acked", `the broker said that it is acked, and it is ${delivery?.state}`);
}

/** What the sender sees in the end. @throws Failed */
export async function isAcked(sender: MeshClient, message: string): Promise<void> {
  await until("the ack", async () => {
    const [delivery] = (await sender.getMessage({ message })).deliveries;
    return delivery?.state === "acked" ? true : undefined;
  });
}
