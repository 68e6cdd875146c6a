/** Tasks of A2A agents that a broker follows, over its own end: it is killed, stopped, and started again. */
import { openWebhookReceiver, startTestBroker, type TestBroker, times, until } from "testkit";
import { describe, expect, test } from "vitest";
import { type LibraryServer, libraryServer } from "./a2a-library.ts";

/** An asker, and an agent whose program is the library's server. */
async function mesh(broker: TestBroker, server: { readonly url: string }) {
  const [asker, bridge] = [await broker.agent("asker"), await broker.agent("bridge")];
  await bridge.client.setWebhook({ agent: "me", url: server.url, dialect: "a2a", a2a: { credentials: "t" } });
  return { asker, bridge };
}

const looks = ({ posts }: Pick<LibraryServer, "posts">) => posts.filter(({ body }) => body.includes("GetTask")).length;
const sends = ({ posts }: Pick<LibraryServer, "posts">) => posts.filter(({ body }) => body.includes("SendMessage"));

/** All that came to somebody, acked. */
async function mail({ client }: Awaited<ReturnType<typeof mesh>>["asker"]) {
  const { deliveries } = await client.lease();
  for (const { id, receipt } of deliveries) await client.ack({ delivery: id, receipt });
  return deliveries.map(({ message }) => message);
}

describe("a task at an agent elsewhere", () => {
  test.each(["SIGKILL", "SIGTERM"] as const)(
    "is followed by the next broker where this one ends by %s: its answer comes, once",
    async (signal) => {
      await using server = await libraryServer("t");
      await using broker = await startTestBroker();
      const { asker } = await mesh(broker, server);
      const { messageId } = await asker.client.ask({ to: "bridge", body: "slow: how many?", timeoutMs: 0 });
      await until(() => looks(server) > 0, "it to be asked how far it is");
      await broker.kill(signal);
      const before = looks(server);
      await broker.start();
      await until(() => looks(server) > before, "the next broker to ask");
      server.finish();
      const [answer] = await until(async () => {
        const all = await mail(asker);
        return all.length > 0 ? all : undefined;
      }, "the answer");
      expect(answer).toMatchObject({
        inReplyTo: messageId,
        body: "you said: slow: how many?",
        from: { name: "bridge" },
      });
      // Nothing is owed, posted or asked for any more, by the broker after it either.
      await broker.kill("SIGKILL");
      const asked = looks(server);
      await broker.start();
      await asker.client.send({ to: "bridge", body: "and this one?" });
      const [second, ...more] = await until(async () => {
        const all = await mail(asker);
        return all.length > 0 ? all : undefined;
      }, "the answer to the next");
      expect([second?.body, more]).toEqual(["you said: and this one?", []]);
      expect([sends(server).length, looks(server)]).toEqual([2, asked]);
      expect((await asker.client.listAsks({})).waiting).toEqual([]);
    },
  );

  test("that ended while no broker ran is asked for by the next one", async () => {
    await using server = await libraryServer("t");
    await using broker = await startTestBroker();
    const { asker } = await mesh(broker, server);
    await asker.client.ask({ to: "bridge", body: "slow: how many?", timeoutMs: 0 });
    await until(() => looks(server) > 0, "it to be asked how far it is");
    await broker.kill("SIGKILL");
    server.finish();
    await broker.start();
    const [answer] = await until(async () => {
      const all = await mail(asker);
      return all.length > 0 ? all : undefined;
    }, "the answer");
    expect([answer?.body, sends(server).length]).toEqual(["you said: slow: how many?", 1]);
  });

  const kills = times(8, 3);
  test(`is answered once, however often the broker is killed about its end (${kills} kills)`, async () => {
    await using broker = await startTestBroker();
    let isOver = false;
    // Over at the first look after the word: the broker is killed while it is told, sends the answer, and forgets the task.
    await using server = await openWebhookReceiver(({ body }, response) => {
      const done =
        isOver && body.includes("GetTask")
          ? '{"state":"TASK_STATE_COMPLETED","message":{"parts":[{"text":"forty-two"}]}}'
          : '{"state":"TASK_STATE_WORKING"}';
      const task = `{"id":"t-1","status":${done}}`;
      response
        .writeHead(200)
        .end(`{"jsonrpc":"2.0","id":1,"result":${body.includes("GetTask") ? task : `{"task":${task}}`}}`);
    });
    const { asker } = await mesh(broker, server);
    const [questions, answers]: [string[], string[]] = [[], []];
    const isAnswered = async () => {
      for (const { inReplyTo, body } of await mail(asker)) answers.push(`${inReplyTo} ${body}`);
      return answers.length >= questions.length;
    };
    for (let round = 0; round <= kills; round++) {
      isOver = false;
      const { messageId } = await asker.client.ask({ to: "bridge", body: `question ${round}`, timeoutMs: 0 });
      questions.push(`${messageId} forty-two`);
      const asked = looks(server);
      await until(() => looks(server) > asked, "it to be asked how far it is");
      isOver = true;
      const told = looks(server);
      await until(() => looks(server) > told, "it to be told that it is over");
      if (round < kills) {
        // Not a wait for anything: each kill comes at another moment of what the broker does with that answer.
        await new Promise((resolve) => setTimeout(resolve, (round * 7) % 20));
        await broker.kill("SIGKILL");
        await broker.start();
      }
      await until(isAnswered, "the answer");
    }
    expect(answers).toEqual(questions);
    expect(sends(server)).toHaveLength(questions.length);
  });

  test("is nothing to the webhook that takes the place of the one that was posted to, nor after a restart", async () => {
    await using server = await libraryServer("t");
    await using other = await libraryServer("t");
    await using broker = await startTestBroker();
    const { asker, bridge } = await mesh(broker, server);
    await asker.client.ask({ to: "bridge", body: "slow: how many?", timeoutMs: 0 });
    await until(() => looks(server) > 0, "it to be asked how far it is");
    await bridge.client.setWebhook({ agent: "me", url: other.url, dialect: "a2a", a2a: { credentials: "t" } });
    const before = looks(server);
    await broker.kill("SIGKILL");
    await broker.start();
    await asker.client.send({ to: "bridge", body: "anybody there?" });
    await until(async () => (await mail(asker)).length > 0, "the answer of the other");
    expect([looks(server), looks(other)]).toEqual([before, 0]);
  });
});
