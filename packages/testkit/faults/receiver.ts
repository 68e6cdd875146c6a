/** A receiver as a process of its own, to be stopped and continued: acks each delivery after a while. */
import { MeshClient } from "@agentmesh/client";
import { sleep } from "./fault.ts";

const client = new MeshClient({
  url: process.env.RECEIVER_URL ?? "",
  token: process.env.RECEIVER_TOKEN ?? "",
});
const session = await client.join();
const inbox = session.inbox({ leaseMs: Number(process.argv[2]) });
console.log("ready");
for await (const delivery of inbox) {
  await sleep(100);
  await delivery.ack();
}
