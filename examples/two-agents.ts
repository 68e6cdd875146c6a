/** Two agents of one program: one asks, the other answers, and the mesh says what became of the question. */
import { connect, openStateFolder, readMeshKey, sharedIdentity } from "@agentmesh/client/node";

const folder = openStateFolder(); // AGENTMESH_HOME, or ~/.agentmesh
await connect({ folder, token: "", retryForMs: 0 })
  .health()
  .catch((error: Error) => {
    console.error(error.message); // without a broker: how to start one
    process.exit(1);
  });
const owner = connect({ folder, token: readMeshKey(folder) ?? "" }); // the mesh key registers agents

/** Makes the agent at the first run; later runs find its token in the state folder and are the same agent. */
async function agent(name: string) {
  const { token } = sharedIdentity(folder, "examples", name);
  await owner.register({ name, token, client: "example" });
  return connect({ folder, token });
}

const engine = await agent("example-engine");
const ui = await agent("example-ui");

// The engine answers one question. A reply acks the delivery it answers; without it the question would come again.
const answering = (async () => {
  for await (const delivery of engine.inbox({ pushPaths: [{ path: "stream" }] })) {
    console.log(`${delivery.from} asks: ${delivery.body}`);
    await delivery.reply("4711. Health is GET /healthz.");
    return;
  }
})();

const { status, reply, messageId } = await ui.ask({ to: "example-engine", body: "Which port do you listen on?" });
console.log(`${status}: ${reply?.body ?? "no answer yet; it would come into the inbox"}`);
await answering;

const { deliveries } = await ui.getMessage({ message: messageId });
console.log(deliveries[0]?.timeline.map(({ event }) => event).join(" → "));

// Agents are meant to last. These two were only for show.
for (const name of ["example-engine", "example-ui"]) await owner.removeAgent({ agent: name });
