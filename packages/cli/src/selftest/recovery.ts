/** What is promised for the worst moment: a broker that is killed, a receiver that falls silent. */
import type { DeliveryHandle } from "@agentmesh/client";
import { insist, inTime, stopwatch, until } from "./steps.ts";
import type { Trial } from "./trial.ts";

const MESSAGES = 24;
const ACKED = 6;

/** Kills the broker while messages are on their way in and out. */
export const killedBroker: Trial = {
  name: "broker killed mid-flight",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("survivor")];
    const send = (n: number) => from.client.send({ to: to.agent.name, body: `message ${n}` });
    const before = await Promise.all(numbers(ACKED).map(send));
    const { deliveries } = await to.client.lease({ max: ACKED });
    for (const { id } of deliveries) await to.client.ack({ delivery: id, evidence: "handled" });
    const acked = new Set(deliveries.map(({ message }) => message.id));
    insist(
      before.every(({ messageId }) => acked.has(messageId)),
      "what was sent was not given out",
    );

    const first = Promise.withResolvers<void>();
    const sends = numbers(MESSAGES).map(async (n) => {
      const sent = await send(ACKED + n);
      first.resolve();
      return sent.messageId;
    });
    const all = Promise.all(sends);
    all.catch(() => {});
    await inTime("the first of many messages", Promise.race([first.promise, all]));
    await mesh.kill();
    const since = stopwatch();
    await mesh.start();
    const back = since();
    const accepted = new Set(await inTime("the word that every message is stored", all));

    const given = new Map<string, number>();
    const over = new AbortController();
    const inbox = to.client.inbox({ signal: over.signal });
    try {
      while ([...accepted].some((id) => !given.has(id))) {
        const { value } = await inTime("a message that was accepted", inbox.next());
        insist(value !== undefined, "the stream ended");
        await count(value, given);
      }
      // What would come twice comes now.
      const more = await to.client.lease({ waitMs: 300 });
      for (const { message } of more.deliveries) given.set(message.id, (given.get(message.id) ?? 0) + 1);
    } finally {
      over.abort();
      await inbox.return();
    }
    const twice = [...given.values()].filter((times) => times > 1).length;
    const again = [...acked].filter((id) => given.has(id)).length;
    insist(twice === 0, `${twice} messages were given out again after their ack`);
    insist(again === 0, `${again} messages that were acked before the kill came again`);
    insist(given.size === accepted.size, `${given.size - accepted.size} messages came that nobody sent`);
    return `back after ${back}; ${accepted.size} accepted, 0 lost, 0 twice after ack`;
  },
};

async function count(delivery: DeliveryHandle, given: Map<string, number>): Promise<void> {
  given.set(delivery.message.id, (given.get(delivery.message.id) ?? 0) + 1);
  await delivery.ack();
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

const LEASE_MS = 1_000;

/** Takes a message and says nothing more of it. */
export const expiredLease: Trial = {
  name: "lease expired",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("silent")];
    const sent = await from.client.send({ to: to.agent.name, body: "taken, then forgotten" });
    const { deliveries: taken } = await to.client.lease({ leaseMs: LEASE_MS });
    insist(taken[0]?.message.id === sent.messageId, "the message was not given out");
    const since = stopwatch();
    const early = await to.client.lease({});
    insist(early.deliveries.length === 0, "a message that was leased was given out a second time");
    const [again] = await until("the message once more", async () => {
      const { deliveries } = await to.client.lease({ waitMs: 1_000 });
      return deliveries.length > 0 ? deliveries : undefined;
    });
    insist(again?.message.id === sent.messageId && again.attempt === 2, "another message came back");
    await to.client.ack({ delivery: again.id, evidence: "handled" });
    return `back after ${since()}, attempt ${again.attempt}`;
  },
};
