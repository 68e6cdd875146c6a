/** One message for everybody who is interested: three subscribers, one publisher, and an account of every one of them. */
import { connect, openStateFolder, readMeshKey, sharedIdentity } from "@agentmesh/client/node";

const folder = openStateFolder();
await connect({ folder, token: "", retryForMs: 0 })
  .health()
  .catch((error: Error) => {
    console.error(error.message); // without a broker: how to start one
    process.exit(1);
  });
const owner = connect({ folder, token: readMeshKey(folder) ?? "" });
const names = ["example-web", "example-api", "example-docs", "example-ci"];

const [web, api, docs, ci] = await Promise.all(
  names.map(async (name) => {
    const { token } = sharedIdentity(folder, "examples", name);
    await owner.register({ name, token, client: "example" });
    return connect({ folder, token });
  }),
);
if (!web || !api || !docs || !ci) throw new Error("four agents were registered");

// A topic is words joined by dots; in a pattern * stands for one word, > at the end for one or more.
await web.subscribe({ topic: "example.build.web" });
await api.subscribe({ topic: "example.build.*" });
await docs.subscribe({ topic: "example.>" });
await ci.subscribe({ topic: "example.>" });

const { accepted, skipped } = await ci.publish({ topic: "example.build.web", body: "web: 3 tests are red" });
for (const { to, seq, recipient } of accepted) console.log(`stored for ${to.name} as #${seq} (${recipient.presence})`);
for (const { agent, why } of skipped) console.log(`not for ${agent.name}: ${why}`);

for (const client of [web, api, docs]) {
  const { deliveries } = await client.lease({ waitMs: 5_000 });
  for (const { id, message } of deliveries) {
    console.log(`${(await client.getAgent({ agent: "me" })).name} got "${message.body}" from ${message.from.name}`);
    await client.ack({ delivery: id });
  }
}

// Agents and subscriptions are meant to last. These were only for show.
for (const agent of names) await owner.removeAgent({ agent });
