/** Loads of webhooks: many tests at once, and posts to a place that answers late or without end. */
import { createServer } from "node:http";
import { listening, until } from "testkit";
import { Answers, atOnce, clientOf, hands, type Load } from "./load.ts";

interface Place extends AsyncDisposable {
  readonly url: string;
  /** How many posts came, and most of them that were open at a time. */
  readonly posts: () => number;
  readonly most: () => number;
}

/** A place that answers late, or begins to answer and never ends. */
async function place(answer: "late" | "endless"): Promise<Place> {
  let posts = 0;
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    posts++;
    most = Math.max(most, ++now);
    response.once("close", () => now--);
    request.resume();
    if (answer === "late") return setTimeout(() => response.writeHead(204).end(), 1_000);
    response.writeHead(200);
    const flood = setInterval(() => response.write("x".repeat(16_384)), 5);
    response.once("close", () => clearInterval(flood));
    return flood;
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    posts: () => posts,
    most: () => most,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const TESTS = 800;
const testsAtOnce: Load = {
  name: "webhook-tests",
  kind: "webhooks",
  what: `${TESTS} tests of one webhook are asked for, 200 at once`,
  async prepare(ground) {
    const [hooked] = await hands(ground, "hooked", 1);
    return async (now) => {
      await using late = await place("late");
      const answers = new Answers();
      const client = clientOf(now, hooked?.token ?? "");
      await client.setWebhook({ agent: "me", url: late.url });
      await atOnce(TESTS, 200, () => answers.of(client.testWebhook({ agent: "me" })));
      const wrong = late.most() > 2 ? [`${late.most()} posts were open at a time`] : [];
      return { did: `${answers}; at most ${late.most()} posts at a time`, wrong };
    };
  },
};

const endlessAnswers: Load = {
  name: "webhook-endless",
  kind: "webhooks",
  what: "40 webhooks whose place answers without end are sent 400 messages",
  async prepare(ground) {
    const all = await hands(ground, "hooked", 40);
    const [sender] = await hands(ground, "sender", 1);
    return async (now) => {
      await using endless = await place("endless");
      const admin = clientOf(now, now.key);
      await atOnce(all.length, 8, (i) => admin.setWebhook({ agent: `hooked-${i}`, url: endless.url }));
      const client = clientOf(now, sender?.token ?? "");
      const accepted = await atOnce(400, 8, async (i) => {
        return (await client.send({ to: `hooked-${i % all.length}`, body: `${i} ${"text ".repeat(100)}` })).messageId;
      });
      await until(() => endless.posts() >= all.length, "a post of each webhook");
      return { did: `${endless.posts()} posts, at most ${endless.most()} at a time`, accepted };
    };
  },
};

/** The webhooks. */
export const webhooks: readonly Load[] = [testsAtOnce, endlessAnswers];
