/** What must not compile: each line marked so is an error of the compiler. Checked by `pnpm check`. */
import { MeshClient } from "@agentmesh/client";
import type { DeliveryState } from "@agentmesh/protocol";

const client = new MeshClient({ url: "http://127.0.0.1:7899", token: "am_…" });

export async function wrongInput(): Promise<void> {
  // @ts-expect-error a message needs a body
  await client.send({ to: "bob" });
  // @ts-expect-error the field is called body
  await client.send({ to: "bob", body: "x", text: "x" });
  // @ts-expect-error a body is text
  await client.send({ to: "bob", body: 5 });
  // @ts-expect-error a message id begins with msg_
  await client.getMessage({ message: { id: "1" } });
  // @ts-expect-error nack needs the receipt of the lease
  await client.nack({ delivery: "1" });
  // @ts-expect-error evidence is one of three words
  await client.ack({ delivery: "1", evidence: "seen" });
  // @ts-expect-error sessions have ids of their own
  await client.heartbeat({ session: "agt_1" });
  // @ts-expect-error no such option
  for await (const _ of client.inbox({ credit: 1 })) break;
  // @ts-expect-error a send has no pages
  for await (const _ of client.pages("send", { to: "bob", body: "x" })) break;
  // @ts-expect-error the recipients of a message are those of one message
  for await (const _ of client.pages("getMessage")) break;
  // @ts-expect-error what a page is asked for is what the list takes
  for await (const _ of client.pages("listAgents", { agent: "bob" })) break;
}

export async function rightInput(): Promise<string> {
  const { messageId, deliveries } = await client.send({ to: "bob", body: "x" });
  const state: DeliveryState | undefined = deliveries[0]?.state;
  for await (const delivery of client.inbox({ maxInFlight: 4, profile: { client: "mine" } })) {
    await delivery.ack();
    await delivery.nack({ delayMs: 1_000 });
  }
  for await (const { agents } of client.pages("listAgents")) agents satisfies { name: string }[];
  for await (const { entries } of client.pages("listInbox")) entries satisfies { seq: number }[];
  for await (const { topics } of client.pages("listTopics", () => ({ limit: 10 })))
    topics satisfies { topic: string }[];
  return `${messageId satisfies `msg_${string}`} ${state}`;
}
