/** A question that a tool asks, and the answer that comes while it waits. */
import type { TestAgent } from "./start-test-broker.ts";
import { until } from "./until.ts";

/** What the tool said, and the answer's message. */
export interface Answered {
  readonly said: string;
  readonly messageId: string;
}

/** Has `ask` call ask_peer with these arguments, and an agent answer meanwhile: `answer to …`. */
export async function answered(
  by: TestAgent,
  body: string,
  ask: (args: { to: string; message: string; wait_seconds: number }) => Promise<string>,
): Promise<Answered> {
  const asked = ask({ to: by.agent.name, message: body, wait_seconds: 60 });
  const question = await until(async () => (await by.client.lease({ waitMs: 500 })).deliveries[0], "the question");
  const { messageId } = await by.client.send({ inReplyTo: question.id, body: `answer to ${body}` });
  return { said: await asked, messageId };
}
