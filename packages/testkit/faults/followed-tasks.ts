/** A broker that is killed while it follows tasks of an A2A agent elsewhere: each question is answered once, and by its own task. */
import { openWebhookReceiver, startTestBroker, until, type WebhookReceiver } from "testkit";
import * as z from "zod";
import { Expectations, type Fault, sleep } from "./fault.ts";
import { QUICK } from "./under-load.ts";

/** As many at a time as one webhook follows, and no more: of others nothing comes. */
const AT_A_TIME = 16;
/** A task is over at the first, second or third look. */
const MOST_LOOKS = 3;
const KILL_WITHIN_MS = 900;
const ANSWERED_WITHIN_MS = 45_000;

const Call = z.object({
  method: z.string(),
  params: z.object({
    id: z.string().optional(),
    message: z.object({ messageId: z.string(), parts: z.array(z.object({ text: z.string() })) }).optional(),
  }),
});

interface Task {
  readonly text: string;
  posts: number;
  looksLeft: number;
}

/** The agent elsewhere: one task for each message id, however often it comes. */
async function openElsewhere(random: () => number) {
  const tasks = new Map<string, Task>();
  const receiver: WebhookReceiver = await openWebhookReceiver(({ body }, response) => {
    const { method, params } = Call.parse(JSON.parse(body));
    const id = params.message?.messageId ?? params.id ?? "";
    const text = params.message?.parts[0]?.text ?? "";
    const task = tasks.get(id) ?? { text, posts: 0, looksLeft: Math.floor(random() * MOST_LOOKS) };
    tasks.set(id, task);
    if (method === "SendMessage") task.posts++;
    const isOver = method === "GetTask" && task.looksLeft-- <= 0;
    const said = { parts: [{ text: `done: ${task.text}` }] };
    const status = isOver ? { state: "TASK_STATE_COMPLETED", message: said } : { state: "TASK_STATE_WORKING" };
    const result = method === "SendMessage" ? { task: { id, status } } : { id, status };
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
  });
  return { tasks, receiver };
}

/** Rounds of questions, with a kill somewhere between the first post and the last answer. */
export const followedTasks: Fault = {
  name: "followed-tasks",
  async run(turn) {
    const expectations = new Expectations();
    const { tasks, receiver } = await openElsewhere(turn.random);
    await using _ = receiver;
    await using broker = await startTestBroker({ env: QUICK });
    const [asker, bridge] = [await broker.agent("asker"), await broker.agent("bridge")];
    await bridge.client.setWebhook({ agent: "me", url: receiver.url, dialect: "a2a", maxInFlight: 8 });
    const asked = new Map<string, string>();
    const answers = new Map<string, string[]>();
    const got = (id: string, body: string) => answers.set(id, [...(answers.get(id) ?? []), body]);
    const collect = async () => {
      for (const { id, receipt, message } of (await asker.client.lease({ max: 100 })).deliveries) {
        got(message.inReplyTo ?? message.kind, message.body);
        await asker.client.ack({ delivery: id, receipt });
      }
      return [...asked.keys()].every((id) => answers.has(id));
    };
    let rounds = 0;
    for (; rounds === 0 || performance.now() < turn.until; rounds++) {
      const sending = Array.from({ length: AT_A_TIME }, async (_, n) => {
        const body = `question-${rounds}.${n}`;
        const question = { to: "bridge", body, timeoutMs: 0, idempotencyKey: body };
        const { messageId, reply } = await asker.client.ask(question);
        asked.set(messageId, `done: ${body}`);
        // The call goes on over the kill, and may find the answer there.
        if (reply) got(messageId, reply.body);
      });
      await sleep(turn.random() * KILL_WITHIN_MS);
      await broker.kill("SIGKILL");
      await broker.start();
      await Promise.all(sending);
      await until(collect, "every question to be answered", ANSWERED_WITHIN_MS).catch(() => undefined);
    }
    // Whatever a broker may have left over comes with the next one.
    await broker.kill("SIGKILL");
    await broker.start();
    await collect();
    for (const [id, text] of asked) {
      const all = answers.get(id) ?? [];
      expectations.expect(
        all.length === 1 && all[0] === text,
        `${id} asked for "${text}", and got ${JSON.stringify(all)}`,
      );
    }
    const strays = [...answers.keys()].filter((id) => !asked.has(id));
    expectations.expect(strays.length === 0, `there are answers to what nobody asked: ${strays.join(", ")}`);
    const { waiting } = await asker.client.listAsks({});
    expectations.expect(waiting.length === 0, `${waiting.length} questions still count as not answered`);
    const again = [...tasks.values()].filter(({ posts }) => posts > 1).length;
    expectations.notes.push(
      `${asked.size} questions over ${rounds} kills; ${again} were posted again, under the same id`,
    );
    return expectations.outcome(rounds, { accepted: asked.size, acked: answers.size });
  },
};
