/** A program for tests: two agents of the client talk, by calls and over a stream, under whatever runtime runs it. */
import { MeshClient } from "@agentmesh/client";

const url = process.env.TALKER_URL ?? "";
const admin = new MeshClient({ url, token: process.env.TALKER_KEY ?? "", retryForMs: 0 });

async function agent(name: string) {
  const { agent: made, token = "" } = await admin.register({ name, ifTaken: "number" });
  return { name: made.name, client: new MeshClient({ url, token, retryForMs: 0 }) };
}

const [asker, answerer] = [await agent("asker"), await agent("answerer")];
const asked = asker.client.ask({ to: answerer.name, body: "größer?", timeoutMs: 20_000 });
for await (const delivery of answerer.client.inbox({ pushPaths: [{ path: "stream" }] })) {
  await delivery.reply(`${delivery.body} ja`);
  break;
}
const late = await asker.client
  .lease({ waitMs: 20_000 }, { signal: AbortSignal.timeout(300) })
  .catch(({ name }) => name);
console.log((await asked).reply?.body, late);
