/** What is proven of a client that is given the broker's `/mcp` by its URL and a token, and no process. */
import { type TestAgent, until } from "testkit";
import type { Site } from "./client.ts";
import type { Steps } from "./steps.ts";

/** How the client is had do it: `calls` has it send "hello by URL" to person, `looks` has it check its messages. */
export interface ByUrl {
  readonly calls: () => Promise<unknown>;
  /** Returns what was seen. @throws Error when the text was not shown */
  readonly looks: (text: string) => Promise<string>;
}

/** Its tools are called, its mail is read and acked by that, and so after a restart of the broker. Ends the sandbox. */
export async function proveByUrl(
  { broker, sandbox }: Pick<Site, "broker" | "sandbox">,
  steps: Steps,
  { person, own }: { readonly person: TestAgent; readonly own: TestAgent },
  { calls, looks }: ByUrl,
): Promise<void> {
  const stateOf = async (message: string) => (await own.client.getMessage({ message })).deliveries[0]?.state;
  const reads = async (body: string) => {
    const { messageId } = await person.client.send({ to: own.agent.name, body });
    const seen = await looks(body);
    await until(async () => (await stateOf(messageId)) === "acked", "the ack", 10_000);
    return `${seen}, which is acked`;
  };
  await steps.step("calls tools", async () => {
    await calls();
    const [came] = (await person.client.lease()).deliveries;
    if (came?.message.body !== "hello by URL") throw new Error("the broker has no message of the client");
    return `the broker has a message of ${came.message.from.name}`;
  });
  await steps.step("reads", () => reads("what waits is read by URL"));
  await steps.step("restart", async () => {
    await broker.kill("SIGTERM");
    await broker.start();
    return reads("and so after a restart of the broker");
  });
  await sandbox.end();
}
