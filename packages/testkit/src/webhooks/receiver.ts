/** A receiver as a process of its own, to be stopped, continued and killed: acks each delivery after a while. */
import { setTimeout as sleep } from "node:timers/promises";
import { MeshClient } from "@agentmesh/client";

const client = new MeshClient({
  url: process.env.RECEIVER_URL ?? "",
  token: process.env.RECEIVER_TOKEN ?? "",
});
const session = await client.join();
const inbox = session.inbox({ leaseMs: Number(process.argv[2]) });
console.log("ready");
for await (const delivery of inbox) {
  await sleep(Number(process.argv[3]));
  await delivery.ack();
}
