/** Loads of acts and sweeps whose cost could grow with what others have stored. */
import { setTimeout as sleep } from "node:timers/promises";
import { Answers, atOnce, clientOf, type Ground, type Hand, hands, type Load } from "./load.ts";

const BODY = "what somebody has to say, and it takes a line or two. ".repeat(4);

/** Fills an inbox from several senders. */
async function fill(ground: Ground, to: string, count: number): Promise<void> {
  const senders = (await hands(ground, `${to}-sender`, 8)).map(({ token }) => clientOf(ground, token));
  await atOnce(count, 32, async (i) => {
    await senders[i % senders.length]?.send({ to, body: `${i} ${BODY}` });
  });
}

/** Waits until the broker counts so many deliveries in a state. */
async function counted(ground: Ground, state: "dead" | "expired" | "queued", least: number): Promise<boolean> {
  const admin = clientOf(ground, ground.key);
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(200)) {
    if (((await admin.status()).deliveries[state] ?? 0) >= least) return true;
  }
  return false;
}

async function subscribers(ground: Ground, prefix: string, count: number, topic: string): Promise<Hand[]> {
  const all = await hands(ground, prefix, count);
  await atOnce(count, 32, (i) => clientOf(ground, all[i]?.token ?? "").subscribe({ topic }));
  return all;
}

const OPEN = 8_000;
const removeAgent: Load = {
  name: "remove-agent",
  kind: "acts",
  what: `an agent with ${OPEN} open deliveries is removed`,
  async prepare(ground) {
    await hands(ground, "hoard", 1);
    await fill(ground, "hoard-0", OPEN);
    return async (now) => {
      const answers = new Answers();
      await answers.of(clientOf(now, now.key).removeAgent({ agent: "hoard-0" }));
      const over = await counted(now, "dead", OPEN);
      return { did: `${answers}`, wrong: over ? [] : [`not all of ${OPEN} are dead letters after a minute`] };
    };
  },
};

const EXPIRING = 6_000;
const EXPIRE_AFTER_MS = 25_000;
const expiry: Load = {
  name: "expiry",
  kind: "acts",
  what: `${EXPIRING} messages expire at once`,
  async prepare(ground) {
    await hands(ground, "late", 1);
    return async (now, begins) => {
      const [sender] = (await hands(now, "late-sender", 1)).map(({ token }) => clientOf(now, token));
      const at = Date.now() + EXPIRE_AFTER_MS;
      const accepted = await atOnce(EXPIRING, 8, async (i) => {
        const sent = await sender?.send({
          to: "late-0",
          body: `${i} ${BODY}`,
          ttlMs: Math.max(1_000, at - Date.now()),
        });
        return sent?.messageId ?? "";
      });
      await sleep(Math.max(0, at - 1_000 - Date.now()));
      await begins();
      const over = await counted(now, "expired", EXPIRING);
      return { did: `${EXPIRING} sent`, accepted, wrong: over ? [] : ["not all have expired after a minute"] };
    };
  },
};

const SUBSCRIBERS = 5_000;
const PUBLISHES = 5;
const publish: Load = {
  name: "publish",
  kind: "acts",
  what: `${PUBLISHES} messages are published to ${SUBSCRIBERS} subscribers`,
  async prepare(ground) {
    await subscribers(ground, "reader", SUBSCRIBERS, "all.hands");
    const [publisher] = await hands(ground, "publisher", 1);
    return async (now) => {
      const client = clientOf(now, publisher?.token ?? "");
      const accepted = await atOnce(PUBLISHES, 1, async (i) => {
        return (await client.publish({ topic: "all.hands", body: `${i} ${BODY}` })).messageId;
      });
      const over = await counted(now, "queued", PUBLISHES * SUBSCRIBERS);
      return {
        did: `${PUBLISHES} accepted`,
        accepted,
        wrong: over ? [] : ["not all deliveries are there after a minute"],
      };
    };
  },
};

const LEASED = 4_000;
const closeLeases: Load = {
  name: "close-leases",
  kind: "acts",
  what: `a session with ${LEASED} leases ends`,
  async prepare(ground) {
    const [holder] = await hands(ground, "holder", 1);
    await fill(ground, "holder-0", LEASED);
    return async (now, begins) => {
      const client = clientOf(now, holder?.token ?? "");
      const { session } = await client.openSession();
      for (let held = 0; held < LEASED; ) {
        const { deliveries } = await client.lease({ session: session.id, max: 25, leaseMs: 600_000 });
        if (deliveries.length === 0) break;
        held += deliveries.length;
      }
      await begins();
      const { returned } = await client.endSession({ session: session.id });
      const over = await counted(now, "queued", LEASED);
      return { did: `${returned} returned`, wrong: over ? [] : [`not all of ${LEASED} are back after a minute`] };
    };
  },
};

const SENDS = 1_000;
const sendsAtOnce: Load = {
  name: "sends-at-once",
  kind: "acts",
  what: `one agent makes ${SENDS} sends, 250 at once, three times`,
  async prepare(ground) {
    const [greedy] = await hands(ground, "greedy", 2);
    return async (now) => {
      const answers = new Answers();
      const client = clientOf(now, greedy?.token ?? "");
      const accepted = await atOnce(3 * SENDS, 250, async (i) => {
        return (await answers.of(client.send({ to: "greedy-1", body: `${i} ${BODY}` })))?.messageId ?? "";
      });
      return { did: `${answers}`, accepted: accepted.filter((id) => id !== "") };
    };
  },
};

const sessionsLoop: Load = {
  name: "sessions-loop",
  kind: "acts",
  what: "3,000 sessions are opened and ended, 16 at a time",
  async prepare(ground) {
    const [restless] = await hands(ground, "restless", 1);
    return async (now) => {
      const answers = new Answers();
      const client = clientOf(now, restless?.token ?? "");
      await atOnce(3_000, 16, async () => {
        const opened = await answers.of(client.openSession());
        if (opened) await answers.of(client.endSession({ session: opened.session.id }));
      });
      return { did: `${answers}` };
    };
  },
};

/** The acts. */
export const acts: readonly Load[] = [removeAgent, expiry, publish, closeLeases, sendsAtOnce, sessionsLoop];
