/** Loads of connections: that do not end their requests, do nothing, drip, or come and go. */
import type { Socket } from "node:net";
import { endpoints } from "@agentmesh/protocol";
import { Answers, atOnce, clientOf, hands, type Load } from "./load.ts";
import { connections, endAll, forMs, heard, open, request, statuses, writeAll } from "./wire.ts";

/** Of the broker under these loads, so that a turn sees requests end; and how long after that they may be open still. */
const WITHIN_MS = 4_000;
const LATE_MS = 3_000;
/** How long a stream is waited for to begin. */
const HEARD_WITHIN_MS = 5_000;
const HASTY = { AGENTMESH_REQUEST_WITHIN_MS: String(WITHIN_MS) };

/** Keeps sending a byte to each connection; those that are open when they should have ended are said. */
async function drip(sockets: readonly Socket[], what: string) {
  await forMs(WITHIN_MS + LATE_MS, 250, () => writeAll(sockets, "a"));
  const left = open(sockets);
  endAll(sockets);
  return {
    did: `${left} of ${sockets.length} open after ${(WITHIN_MS + LATE_MS) / 1_000} s`,
    wrong: left > 0 ? [`${left} ${what} are open ${LATE_MS / 1_000} s after their time`] : [],
  };
}

const endlessRequests: Load = {
  name: "endless-requests",
  kind: "connections",
  what: "1,000 requests without a token do not end: heads, bodies, chunks",
  env: HASTY,
  async prepare() {
    return async (now) => {
      const beginnings = [
        `POST ${endpoints.send.path} HTTP/1.1\r\nhost: 127.0.0.1:${now.port}\r\nx-slow: `,
        request(now, `POST ${endpoints.send.path}`, {
          more: ["content-type: application/json", "content-length: 500000"],
        }),
        request(now, `POST ${endpoints.send.path}`, {
          more: ["content-type: application/json", "transfer-encoding: chunked"],
        }),
      ];
      const sockets = await connections(now, 1_000);
      for (const [i, socket] of sockets.entries()) {
        writeAll([socket], beginnings[i % 3] ?? "");
        socket.resume();
      }
      return await drip(sockets, "requests that do not end");
    };
  },
};

const drippingBodies: Load = {
  name: "dripping-bodies",
  kind: "connections",
  what: "bodies of one agent drip on 200 connections, a byte every 250 ms",
  env: HASTY,
  async prepare(ground) {
    const [slow] = await hands(ground, "slow", 1);
    return async (now) => {
      const answers = new Answers();
      const sockets = await connections(now, 200);
      statuses(sockets, (status) => answers.count(status));
      const more = ["content-type: application/json", "content-length: 500000"];
      writeAll(sockets, request(now, `POST ${endpoints.send.path}`, { token: slow?.token ?? "", more }));
      const { did, wrong } = await drip(sockets, "bodies that drip");
      return { did: `${did}; ${answers}`, wrong };
    };
  },
};

const legacyDripping: Load = {
  name: "legacy-dripping",
  kind: "connections",
  what: "bodies drip on 400 connections to the predecessor's endpoints, without a token",
  env: { ...HASTY, AGENTMESH_LEGACY: "true" },
  async prepare() {
    return async (now) => {
      const answers = new Answers();
      const sockets = await connections(now, 400);
      statuses(sockets, (status) => answers.count(status));
      const more = ["content-type: application/json", "content-length: 500000"];
      const paths = ["/register", "/send-message", "/poll-messages", "/list-peers"];
      for (const [i, socket] of sockets.entries()) writeAll([socket], request(now, `POST ${paths[i % 4]}`, { more }));
      const { did, wrong } = await drip(sockets, "bodies that drip");
      return { did: `${did}; ${answers}`, wrong };
    };
  },
};

const idle: Load = {
  name: "idle",
  kind: "connections",
  what: "4,200 connections are opened and do nothing",
  async prepare() {
    return async (now) => {
      const sockets: Socket[] = [];
      for (let opened = 0; opened < 4_200; opened += 300) sockets.push(...(await connections(now, 300)));
      for (const socket of sockets) socket.resume();
      await forMs(4_000, 250, () => undefined);
      const left = open(sockets);
      endAll(sockets);
      return { did: `${left} of 4,200 left` };
    };
  },
};

const streamsLoop: Load = {
  name: "streams-loop",
  kind: "connections",
  what: "1,500 streams of an agent with mail are opened and dropped, 16 at a time",
  async prepare(ground) {
    const [fickle] = await hands(ground, "fickle", 1);
    const client = clientOf(ground, fickle?.token ?? "");
    await atOnce(200, 16, (i) => client.send({ to: "fickle-0", body: `${i} ${"mail ".repeat(200)}` }));
    return async (now) => {
      const own = clientOf(now, fickle?.token ?? "");
      const { session } = await own.openSession();
      const line = `GET ${endpoints.stream.path}?session=${session.id}&maxInFlight=64`;
      let opened = 0;
      await atOnce(1_500, 16, async () => {
        const [socket] = await connections(now, 1);
        if (!socket) return;
        writeAll([socket], request(now, line, { token: fickle?.token ?? "" }));
        if (await heard(socket, HEARD_WITHIN_MS)) opened++;
        socket.destroy();
      });
      const { open: kept } = await own.listInbox();
      return { did: `${opened} had begun to stream`, wrong: kept === 200 ? [] : [`of 200 messages ${kept} are open`] };
    };
  },
};

/** The connections. */
export const connectionLoads: readonly Load[] = [endlessRequests, drippingBodies, legacyDripping, idle, streamsLoop];
