/** A program for tests: two agents of the client talk, by calls and over a stream, under whatever runtime runs it. */
import { MeshClient } from "@agentmesh/client";

/** Lets two new agents talk over the broker at this address; returns what they said. */
async function talk(url: string): Promise<string> {
  const admin = new MeshClient({ url, token: process.env.TALKER_KEY ?? "", retryForMs: 0 });
  const agent = async (name: string) => {
    const { agent: made, token = "" } = await admin.register({ name, ifTaken: "number" });
    return { name: made.name, client: new MeshClient({ url, token, retryForMs: 0 }) };
  };
  const [asker, answerer] = [await agent("asker"), await agent("answerer")];
  const asked = asker.client.ask({ to: answerer.name, body: "größer?", timeoutMs: 20_000 });
  for await (const delivery of answerer.client.inbox({ pushPaths: [{ path: "stream" }] })) {
    await delivery.reply(`${delivery.body} ja`);
    break;
  }
  const late = await asker.client
    .lease({ waitMs: 20_000 }, { signal: AbortSignal.timeout(300) })
    .catch(({ name }) => name);
  return `${(await asked).reply?.body} ${late}`;
}

// One address, or several with a blank between them.
for (const url of (process.env.TALKER_URL ?? "").split(" ")) console.log(await talk(url));
