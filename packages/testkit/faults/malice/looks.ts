/** Loads of looks whose cost could grow with what others have stored. */
import type { MeshClient } from "@agentmesh/client";
import { type Act, Answers, atOnce, clientOf, type Ground, hands, type Load } from "./load.ts";

const MANY = 10_000;

/** Makes a call so many times, twenty at once. */
function twenty(
  times: number,
  token: (ground: Ground) => string,
  call: (client: MeshClient, i: number) => Promise<unknown>,
): Act {
  return async (ground) => {
    const answers = new Answers();
    const client = clientOf(ground, token(ground));
    await atOnce(times, 20, (i) => answers.of(call(client, i)));
    return { did: `${answers}` };
  };
}
const byKey = ({ key }: Ground) => key;

const topics: Load = {
  name: "topics",
  kind: "looks",
  what: "GET /v1/topics with 10,000 patterns, 20 at once",
  async prepare(ground) {
    const all = (await hands(ground, "listener", 100)).map(({ token }) => clientOf(ground, token));
    await atOnce(MANY, 32, async (i) => {
      const topic = i % 3 === 0 ? `a${i}.*` : i % 3 === 1 ? `*.b${i}` : `c${i}.>`;
      await all[i % all.length]?.subscribe({ topic });
    });
    await atOnce(1_000, 32, async (i) => all[i % all.length]?.publish({ topic: `a${i * 3}.b${i}`, body: "published" }));
    return twenty(60, byKey, (client) => client.listTopics({ limit: 1_000 }));
  },
};

const unknownNames: Load = {
  name: "unknown-names",
  kind: "looks",
  what: "120 sends to unknown names among 10,000 agents, 20 at once",
  async prepare(ground) {
    const [lost] = await hands(ground, "somebody-with-a-name", MANY);
    return twenty(
      120,
      () => lost?.token ?? "",
      (client, i) => client.send({ to: `somebody-with-no-name-${i}`, body: "where are you?" }),
    );
  },
};

const trace: Load = {
  name: "trace",
  kind: "looks",
  what: "a message with 5,000 deliveries is traced, 20 at once",
  async prepare(ground) {
    const all = await hands(ground, "reader", 5_000);
    await atOnce(all.length, 32, (i) => clientOf(ground, all[i]?.token ?? "").subscribe({ topic: "all.hands" }));
    const [publisher] = await hands(ground, "publisher", 1);
    const client = clientOf(ground, publisher?.token ?? "");
    const { messageId } = await client.publish({ topic: "all.hands", body: "hear, hear" });
    return twenty(40, byKey, (admin) => admin.getMessage({ message: messageId }));
  },
};

const retained: Load = {
  name: "retained",
  kind: "looks",
  what: "> is subscribed with 100 retained over 20,000 topics, 20 times",
  async prepare(ground) {
    const all = (await hands(ground, "publisher", 40)).map(({ token }) => clientOf(ground, token));
    await atOnce(20_000, 32, async (i) => all[i % all.length]?.publish({ topic: `topic.t${i}`, body: `kept ${i}` }));
    const late = await hands(ground, "late", 20);
    return async (now) => {
      const answers = new Answers();
      await atOnce(late.length, 4, (i) =>
        answers.of(clientOf(now, late[i]?.token ?? "").subscribe({ topic: ">", retained: 100 })),
      );
      return { did: `${answers}` };
    };
  },
};

/** Mail among eight agents, so that there is much to look through. */
async function much(ground: Ground): Promise<void> {
  const all = (await hands(ground, "writer", 8)).map(({ token }) => clientOf(ground, token));
  await atOnce(MANY, 32, async (i) => {
    await all[i % 8]?.send({
      to: `writer-${(i + 1 + ((i >> 3) % 7)) % 8}`,
      body: `common words, number ${i}, ${"and more of them ".repeat(20)}`,
    });
  });
}

const history: Load = {
  name: "history",
  kind: "looks",
  what: "10,000 messages are searched for what is in all of them, or none, 20 at once",
  async prepare(ground) {
    await much(ground);
    const queries = ["common words", "number 9999", "more nowhere", "common number more"];
    return twenty(80, byKey, (admin, i) =>
      admin.listMessages({
        query: queries[i % queries.length] ?? "",
        limit: 100,
        ...(i % 2 === 0 && { agent: "writer-0" }),
      }),
    );
  },
};

const pages: Load = {
  name: "pages",
  kind: "looks",
  what: "log, inboxes, asks, needs, dead letters, subscriptions and status of 10,000 messages, 20 at once",
  async prepare(ground) {
    await much(ground);
    const calls: ((admin: MeshClient) => Promise<unknown>)[] = [
      (admin) => admin.log({ limit: 500 }),
      (admin) => admin.log({ limit: 500, agent: "writer-1" }),
      (admin) => admin.listInbox({ agent: "writer-2", order: "newest" }),
      (admin) => admin.listAsks({ limit: 500 }),
      (admin) => admin.listDead({ limit: 100 }),
      (admin) => admin.listNeeds({ limit: 300 }),
      (admin) => admin.listSubscriptions(),
      (admin) => admin.status(),
    ];
    return twenty(140, byKey, async (admin, i) => await calls[i % calls.length]?.(admin));
  },
};

const agents: Load = {
  name: "agents",
  kind: "looks",
  what: "GET /v1/agents of 10,000, 20 at once",
  async prepare(ground) {
    await hands(ground, "somebody", MANY);
    return twenty(60, byKey, (admin) => admin.listAgents({ presence: "all", limit: 1_000 }));
  },
};

const legacyPeers: Load = {
  name: "legacy-peers",
  kind: "looks",
  what: "the predecessor's /list-peers and sends to unknown peers among 10,000 agents, 20 at once",
  env: { AGENTMESH_LEGACY: "true" },
  async prepare(ground) {
    await hands(ground, "somebody", MANY);
    return async ({ url }) => {
      const answers = new Answers();
      const post = async (path: string, body: object) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
        await response.text();
        answers.count(String(response.status));
      };
      await atOnce(60, 20, (i) =>
        i % 2 === 0
          ? post("/list-peers", { scope: "machine" })
          : post("/send-message", { from_id: "cli", to_id: `sombody-${i}`, text: "where are you?" }),
      );
      return { did: `${answers}` };
    };
  },
};

/** The looks. */
export const looks: readonly Load[] = [topics, unknownNames, trace, retained, history, pages, agents, legacyPeers];
