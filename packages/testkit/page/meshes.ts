/** Meshes for the page to show, and the way to it. */
import { randomBytes } from "node:crypto";
import type { TestAgent, TestBroker } from "testkit";

/** The person's agent, as the command line makes it. */
export async function personOf(broker: TestBroker, name = "cli"): Promise<TestAgent> {
  const token = `am_${randomBytes(32).toString("base64url")}`;
  const { agent } = await broker.admin.register({ name, token, client: "cli", person: true });
  return { agent, token, client: broker.client(token) };
}

/** The address by which a browser signs in, once; as nobody where no person is named. */
export async function addressFor(broker: TestBroker, as?: TestAgent, view = ""): Promise<string> {
  const { code } = await broker.admin.pageCode(as ? { as: as.agent.id } : {});
  return `${broker.url}/ui${view}#code=${code}`;
}

/** What goes on in a mesh: one agent writes to others in turn, which ack what they are given. */
export interface Traffic extends AsyncDisposable {
  /** How many messages were taken; each is three events. */
  readonly sent: number;
}

/** Has so many messages a second go from one to the others. */
export function startTraffic(from: TestAgent, to: readonly TestAgent[], aSecond: number): Traffic {
  const over = new AbortController();
  const reading = to.map(async ({ client }) => {
    for await (const delivery of client.inbox({ signal: over.signal })) void delivery.ack().catch(() => {});
  });
  let [begun, sent] = [0, 0];
  const send = async () => {
    const n = begun++;
    await from.client.send({ to: to[n % to.length]?.agent.id ?? "", body: `part ${n}` });
    sent++;
  };
  // A timer of a busy machine comes late: what it did not send is made up for, a few at a time.
  const since = performance.now();
  const behind = () => Math.floor(((performance.now() - since) / 1_000) * aSecond) - begun;
  const sending = setInterval(() => {
    for (let more = Math.min(5, behind()); more > 0; more--) void send().catch(() => {});
  }, 1_000 / aSecond);
  return {
    get sent() {
      return sent;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sending);
      over.abort();
      await Promise.allSettled(reading);
    },
  };
}
