/** An agent without a session: the broker posts to it, a verified post is answered 2xx, and that is the ack. Ends with Ctrl-C. */
import { createServer } from "node:http";
import { verifyWebhook, WebhookVerificationError } from "@agentmesh/client";
import { connect, openStateFolder, readMeshKey, sharedIdentity } from "@agentmesh/client/node";

const folder = openStateFolder();
await connect({ folder, token: "", retryForMs: 0 })
  .health()
  .catch((error: Error) => {
    console.error(error.message); // without a broker: how to start one
    process.exit(1);
  });
const name = "webhook-receiver";
const { token } = sharedIdentity(folder, "examples", name);
await connect({ folder, token: readMeshKey(folder) ?? "" }).register({ name, token, client: "example" });
const me = connect({ folder, token });

let secret = ""; // signs every post; the broker makes it and shows it once, a real receiver keeps it
const handled = new Set<string>(); // a post may come twice, with the same id: after a crash, or a lost answer

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const { id, event } = await verifyWebhook({ body: Buffer.concat(chunks), headers: request.headers, secret });
    if (event.type === "agentmesh.message.v1" && !handled.has(id)) {
      const { message } = event.data;
      console.log(`${message.from.name}: ${message.body}`);
      handled.add(id);
    }
    response.writeHead(204).end(); // only now: whatever is not answered 2xx is posted again
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    console.error(`refused a post: ${error.message}`);
    response.writeHead(401).end();
  }
});

server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", async () => {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const set = await me.setWebhook({ agent: "me", url: `http://127.0.0.1:${port}/agentmesh` });
  secret = set.secret ?? "";
  const { taken, why } = await me.testWebhook({ agent: "me" });
  console.log(taken ? `${name} listens. Write to it: agentmesh send ${name} hello` : `the test post failed: ${why}`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await me.removeWebhook({ agent: "me" }); // what comes meanwhile waits in the inbox
    server.close();
    server.closeAllConnections();
  });
}
