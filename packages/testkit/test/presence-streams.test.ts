/** Sessions without a push path: that their process is gone is noticed by a stream that brings no mail, wherever it ran. */
import { connect as connectTo, createServer, type Socket } from "node:net";
import { MeshClient } from "@agentmesh/client";
import {
  cleanEnv,
  listening,
  runProgram,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

/** A way to the broker whose connections can be cut. */
const sockets = new Set<Socket>();
const relay = createServer((near) => {
  const far = connectTo(Number(new URL(broker.url).port), "127.0.0.1");
  const ways = [
    [near, far],
    [far, near],
  ] as const;
  for (const [one, other] of ways) {
    sockets.add(one);
    one
      .on("error", () => undefined)
      .on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    one.pipe(other);
  }
});

let broker: TestBroker;
let relayPort = 0;
beforeAll(async () => {
  relayPort = await listening(relay);
  broker = await startTestBroker({
    args: ["--tls", "127.0.0.1:0", "--allowed-hosts", `127.0.0.1:${relayPort}`],
    // No heartbeat comes, and none is missed.
    env: {
      AGENTMESH_HEARTBEAT_MS: "600000",
      AGENTMESH_STALE_AFTER_MS: "3600000",
      AGENTMESH_OFFLINE_AFTER_MS: "86400000",
    },
  });
});
afterAll(async () => {
  relay.close();
  await broker[Symbol.asyncDispose]();
});

const agentOf = (agent: string) => broker.admin.getAgent({ agent });
const inMesh = async (home: string, ...args: string[]) =>
  (await runProgram("cli", args, { env: cleanEnv({ AGENTMESH_HOME: home }) })).stdout;

test("an adapter without a push path on another machine, over TLS, is in doubt a second after it was killed", async () => {
  using home = tempDir();
  const { line } = z.object({ line: z.string() }).parse(JSON.parse(await inMesh(broker.home, "invite", "--json")));
  await inMesh(home.path, "join", line.split(" ").at(-1) ?? "", "--host", "laptop");
  const adapter = await startMcpSession({
    ...{ home: home.path, cwd: home.path },
    env: { AGENTMESH_NAME: "far", AGENTMESH_PUSH: "none" },
  });
  const name = await adapter.joined();
  const { agent, client } = await broker.agent("far-writer");
  await client.send({ to: name, body: "before" });
  expect((await adapter.tool("check_messages")).text).toContain("before");
  await until(async () => (await agentOf(name)).inHand === 0, "it to be acked");
  expect(await agentOf(name)).toMatchObject({ presence: "online", pushPaths: [] });

  const killedAt = Date.now();
  process.kill(adapter.pid, "SIGKILL");
  await until(async () => (await agentOf(name)).presence === "stale", "it to be in doubt");
  const { doubt } = await agentOf(name);
  expect(doubt?.why).toBe("stream_closed");
  // A session that opens another stream within a second is not doubted: this one did not.
  expect(Date.parse(doubt?.since ?? "") - killedAt).toBeGreaterThanOrEqual(999);
  const { deliveries } = await client.send({ to: name, body: `are you there? ${agent.name}` });
  expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_stale");
  expect(deliveries[0]?.state).toBe("queued");
  await adapter.close();
});

test("a session whose connections are cut again and again stays online, and is in doubt once when it is gone", async () => {
  const { token } = await broker.agent("roaming");
  const presences: string[] = [];
  const reading = new AbortController();
  const events = (async () => {
    for await (const item of broker.admin.events({ signal: reading.signal })) {
      if (item.type === "agent.presence" && item.agent.name === "roaming") presences.push(item.presence);
    }
  })();
  const session = await new MeshClient({ url: `http://127.0.0.1:${relayPort}`, token }).join();
  const gone = new AbortController();
  const stayed = session.stay({ signal: gone.signal });
  await until(() => sockets.size >= 2, "a connection");
  for (let cut = 0; cut < 3; cut++) {
    const before = [...sockets];
    for (const socket of before) socket.destroy();
    await until(() => [...sockets].filter((each) => !before.includes(each)).length >= 2, "another stream");
    expect((await agentOf("roaming")).presence).toBe("online");
  }
  gone.abort();
  await stayed;
  await until(() => presences.includes("stale"), "the doubt to be told");
  expect(presences).toEqual(["online", "stale"]);
  reading.abort();
  await events;
  await session.leave();
});
