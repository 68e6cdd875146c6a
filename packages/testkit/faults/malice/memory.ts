/** Loads that would have the broker keep much in memory: answers nobody reads, requests larger than any, wrong secrets. */
import { endpoints } from "@agentmesh/protocol";
import { Answers, atOnce, clientOf, type Ground, hands, type Load } from "./load.ts";
import { connections, endAll, forMs, open, request, statuses, writeAll } from "./wire.ts";

const LOAD_MS = 6_000;

const unreadContract: Load = {
  name: "unread-contract",
  kind: "memory",
  what: "50 connections at a time ask for the public contract on and on without a token, and read nothing",
  async prepare() {
    return async (now) => {
      const asked = request(now, `GET ${endpoints.openapi.path}`).repeat(500);
      let opened = 0;
      let left = 0;
      await forMs(LOAD_MS, 300, async () => {
        const sockets = await connections(now, 50);
        opened += sockets.length;
        writeAll(sockets, asked);
        setTimeout(() => {
          left += open(sockets);
          endAll(sockets);
        }, 2_000);
      });
      return { did: `${opened} connections, ${left} of them open after 2 s` };
    };
  },
};

const unreadPages: Load = {
  name: "unread-pages",
  kind: "memory",
  what: "150 connections of one agent ask for pages of 256 KiB, 16 each, and read nothing",
  async prepare(ground) {
    const [writer] = await hands(ground, "writer", 2);
    const client = clientOf(ground, writer?.token ?? "");
    await atOnce(200, 16, (i) => client.send({ to: "writer-1", body: `${i} ${"long ".repeat(12_000)}` }));
    return async (now) => {
      const asked = request(now, `GET ${endpoints.listMessages.path}?limit=100`, { token: writer?.token ?? "" });
      const sockets = await connections(now, 150);
      await forMs(LOAD_MS, 250, (round) => {
        const some = sockets.slice((round * 10) % 150, ((round * 10) % 150) + 10);
        writeAll(some, asked.repeat(16));
      });
      const left = open(sockets);
      endAll(sockets);
      return { did: `${150 * 16} pages asked for, ${left} of 150 connections left` };
    };
  },
};

const legacyUnread: Load = {
  name: "legacy-unread",
  kind: "memory",
  what: "50 connections ask the predecessor's /list-peers for 500 agents on and on without a token, and read nothing",
  env: { AGENTMESH_LEGACY: "true" },
  async prepare(ground) {
    await hands(ground, "somebody", 500);
    return async (now) => {
      const asked = request(now, "POST /list-peers", { body: JSON.stringify({ scope: "machine" }) }).repeat(16);
      let opened = 0;
      await forMs(LOAD_MS, 500, async () => {
        const sockets = await connections(now, 50);
        opened += sockets.length;
        writeAll(sockets, asked);
        setTimeout(() => endAll(sockets), 2_000);
      });
      return { did: `${opened} connections, 16 requests each` };
    };
  },
};

/** Calls on connections of their own that are read, many at a time; answered with these statuses and no other. */
async function refused(now: Ground, calls: readonly string[], may: readonly string[]) {
  const answers = new Answers();
  await forMs(LOAD_MS, 100, async (round) => {
    const sockets = await connections(now, 10);
    statuses(sockets, (status) => answers.count(status));
    for (const [i, socket] of sockets.entries()) writeAll([socket], calls[(round * 10 + i) % calls.length] ?? "");
    setTimeout(() => endAll(sockets), 1_000);
  });
  const wrong = String(answers)
    .split(", ")
    .filter((each) => !may.some((status) => each.endsWith(` × ${status}`)));
  return { did: `${answers}`, wrong: wrong.map((each) => `answered ${each}`) };
}

const strangeRequests: Load = {
  name: "strange-requests",
  kind: "memory",
  what: "heads of 64 KiB, JSON 100,000 deep, 20,000 keys, bodies larger than any, 10 at a time",
  async prepare(ground) {
    const [odd] = await hands(ground, "odd", 1);
    const token = odd?.token ?? "";
    return async (now) => {
      const post = (body: string) => request(now, `POST ${endpoints.send.path}`, { token, body });
      const calls = [
        request(now, `GET ${endpoints.health.path}`, { more: [`x-long: ${"x".repeat(65_536)}`] }),
        request(now, `GET /v1/agents/${"a".repeat(60_000)}`, { token }),
        post(`{"to":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
        post(`{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`).join(",")}}`),
        post(`{"to":"odd-0","body":"${"\\u0061".repeat(80_000)}"}`),
        request(now, `POST ${endpoints.send.path}`, {
          token,
          body: "x".repeat(600_000),
          more: ["content-type: application/json", "content-length: 600000"],
        }),
      ];
      return await refused(now, calls, ["400", "404", "413", "414", "431"]);
    };
  },
};

const wrongTokens: Load = {
  name: "wrong-tokens",
  kind: "memory",
  what: "wrong tokens, 32 at a time, for 6 s",
  env: { AGENTMESH_WRONG_TOKENS_PER_MINUTE: "20" },
  async prepare() {
    return async (now) => {
      const answers = new Answers();
      const end = performance.now() + LOAD_MS;
      await atOnce(32, 32, async (i) => {
        const stranger = clientOf(now, `am_${String(i).padStart(43, "x")}`);
        for (let n = 0; n < 1_000 && performance.now() < end; n++) await answers.of(stranger.getAgent({ agent: "me" }));
      });
      const wrong = answers.times("ok") > 0 ? ["a wrong token was let in"] : [];
      return { did: `${answers}`, wrong };
    };
  },
};

/** The memory. */
export const memory: readonly Load[] = [unreadContract, unreadPages, legacyUnread, strangeRequests, wrongTokens];
