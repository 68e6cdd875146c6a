/** An agent of your own that counts words: what it answers, gives back, refuses and leaves alone. Ends with Ctrl-C. */
import { connect, openStateFolder, readMeshKey, sharedIdentity } from "@agentmesh/client/node";

const folder = openStateFolder();
await connect({ folder, token: "", retryForMs: 0 })
  .health()
  .catch((error: Error) => {
    console.error(error.message); // without a broker: how to start one
    process.exit(1);
  });
const name = "word-counter";
const { token } = sharedIdentity(folder, "examples", name);
const register = () =>
  connect({ folder, token: readMeshKey(folder) ?? "" }).register({ name, token, client: "example" });
await register();

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const inbox = connect({ folder, token }).inbox({
  profile: { client: "example", summary: "counts the words you send me" },
  pushPaths: [{ path: "stream" }],
  onUnknownToken: async () => void (await register()), // the broker has another database now
  onNotice: (notice) => console.error(notice), // lost the broker, found it again
  signal: stop.signal,
});
console.log(`${name} is in the mesh. Write to it: agentmesh send ${name} "how many words is this"`);

const counted = new Set<string>(); // a delivery may come twice: after a crash, or when an ack was lost

for await (const delivery of inbox) {
  const { message, body, from } = delivery;
  if (message.kind !== "message" || counted.has(message.id)) {
    await delivery.ack(); // a notice of the mesh itself, or counted before
  } else if (body.trim() === "") {
    await delivery.reject("there is nothing to count"); // never: its sender is told why
  } else {
    try {
      await delivery.reply(`${body.trim().split(/\s+/).length} words`); // answers and acks in one
      counted.add(message.id);
      console.log(`counted for ${from}`);
    } catch (error) {
      console.error(`could not answer ${from}: ${error instanceof Error ? error.message : error}`);
      await delivery.nack({ reason: "could not answer" }); // not now: it comes again, later each time
    }
  }
}
console.log("left; what comes meanwhile waits in the inbox");
