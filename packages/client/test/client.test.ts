/** The client against real servers: retry, refusal, silence, and what is sent again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { BrokerUnreachableError, MeshApiError, MeshClient } from "@agentmesh/client";
import { locate, openStateFolder, stateFolderPath } from "@agentmesh/client/node";
import { listening, sourcesEnv, startTestBroker, stopwatch } from "testkit";
import { describe, expect, test } from "vitest";

/** A server of the outside world, that answers as it is told. */
async function serve(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener);
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const problem = (code: string, status: number) =>
  JSON.stringify({
    type: "x",
    title: "x",
    status,
    detail: `it was ${code}`,
    instance: "r",
    code,
    retryable: status >= 500,
  });

describe("a call", () => {
  test("whose answer is lost is made again with the same idempotency key, so the message is stored once (T07)", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await broker.agent("bob");
    let calls = 0;
    const client = new MeshClient({
      url: broker.url,
      token: alice.token,
      fetch: async (...args) => {
        const response = await fetch(...args);
        if (++calls < 3) {
          await response.text();
          throw new TypeError("connection reset after the broker had answered");
        }
        return response;
      },
    });
    const reply = await client.send({ to: "bob", body: "once" });
    expect([calls, reply.duplicate]).toEqual([3, true]);
    expect((await broker.admin.listInbox({ agent: "bob" })).entries).toHaveLength(1);
  });

  test("that is made again, may not be, or waits for something, is given its time: only the connection of a first one is doubted", async () => {
    await using broker = await startTestBroker();
    const { token } = await broker.agent("slow");
    const waits: unknown[] = [];
    const client = new MeshClient({
      url: broker.url,
      token,
      fetch: (url, init) => {
        waits.push(init && "waits" in init ? init.waits : undefined);
        if (waits.length === 1) throw new TypeError("the connection has died");
        return fetch(url, init);
      },
    });
    await client.listAgents();
    await client.listAgents();
    await client.log({ waitMs: 1 });
    await client.lease();
    expect(waits).toEqual([false, true, false, true, true]);
  });

  test("that may not be repeated is not", async () => {
    let calls = 0;
    await using server = await serve((_, response) => {
      calls++;
      response.writeHead(503, { "content-type": "application/problem+json" }).end(problem("store_unavailable", 503));
    });
    const client = new MeshClient({ url: server.url, token: "am_x", retryForMs: 1_000 });
    await expect(client.lease()).rejects.toMatchObject({ code: "store_unavailable" });
    expect(calls).toBe(1);
  });

  test("is tried again for a retryable code and given up for one that is not", async () => {
    let calls = 0;
    await using server = await serve((_, response) => {
      const code = ++calls < 3 ? (["shutting_down", 503] as const) : (["agent_not_found", 404] as const);
      response.writeHead(code[1], { "content-type": "application/problem+json" }).end(problem(code[0], code[1]));
    });
    const client = new MeshClient({ url: server.url, token: "am_x" });
    const error = await client.getAgent({ agent: "bob" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MeshApiError);
    expect([calls, error]).toEqual([
      3,
      expect.objectContaining({ code: "agent_not_found", message: "it was agent_not_found" }),
    ]);
  });

  test("to nobody says where it looked and how to start a broker", async () => {
    const { url } = await serve(() => {}).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    const client = new MeshClient({ url, retryForMs: 0 });
    await expect(client.health()).rejects.toThrow(
      /No broker answers at http:\/\/127\.0\.0\.1:\d+ \(nobody listens there, ECONNREFUSED\).*agentmesh up/,
    );
  });

  test("to another program is not taken for an answer", async () => {
    await using server = await serve((_, response) => response.end("<html>hello</html>"));
    const client = new MeshClient({ url: server.url, retryForMs: 0 });
    await expect(client.health()).rejects.toBeInstanceOf(BrokerUnreachableError);
  });

  test("to a server that does not answer ends after its time", async () => {
    await using server = await serve(() => {});
    const client = new MeshClient({ url: server.url, timeoutMs: 100, retryForMs: 0 });
    const failure = await client.health().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BrokerUnreachableError);
    expect(failure).toMatchObject({ message: expect.stringMatching(/did not answer GET \/health within 0\.1 s/) });
  });

  test("is not redirected: the token stays with the broker", async () => {
    let stolen = 0;
    await using elsewhere = await serve((_, response) => {
      stolen++;
      response.end("{}");
    });
    await using server = await serve((_, response) => response.writeHead(302, { location: elsewhere.url }).end());
    const client = new MeshClient({ url: server.url, token: "am_x", retryForMs: 0 });
    await expect(client.listAgents()).rejects.toBeInstanceOf(BrokerUnreachableError);
    expect(stolen).toBe(0);
  });
});

describe("where the broker is", () => {
  const at = (env: NodeJS.ProcessEnv) => locate(openStateFolder("/nowhere"), env);

  test("may be said in the predecessor's names, which yield to ours", () => {
    const elsewhere = { CLAUDE_PEERS_BROKER_URL: "http://10.0.0.5:7899/", CLAUDE_PEERS_PORT: "8001" };
    expect(at(elsewhere)).toMatchObject({ url: "http://10.0.0.5:7899", local: false });
    expect(at({ ...elsewhere, AGENTMESH_URL: "http://127.0.0.1:8" })).toEqual({
      url: "http://127.0.0.1:8",
      local: true,
      namedBy: "AGENTMESH_URL",
    });
    expect(at({ CLAUDE_PEERS_PORT: "8001" })).toMatchObject({ url: "http://127.0.0.1:8001", local: true });
    expect(at({ CLAUDE_PEERS_PORT: "8001", AGENTMESH_PORT: "8002" }).url).toBe("http://127.0.0.1:8002");
    expect(stateFolderPath({ CLAUDE_PEERS_DB: "/data/peers.db" })).toBe("/data/peers.db.agentmesh");
    expect(stateFolderPath({ CLAUDE_PEERS_DB: "/data/peers.db", AGENTMESH_HOME: "/mesh" })).toBe("/mesh");
  });
});

test("a program whose inbox loop ends by break is over at once", async () => {
  await using broker = await startTestBroker();
  const receiver = await broker.agent("receiver");
  await receiver.client.send({ to: "receiver", body: "to myself" });
  const script = `
    import { MeshClient } from "@agentmesh/client";
    const client = new MeshClient({ url: "${broker.url}", token: process.env.TOKEN });
    for await (const delivery of client.inbox()) {
      await delivery.ack();
      break;
    }
  `;
  const ms = stopwatch();
  const child = spawn(process.execPath, ["--conditions=@agentmesh/source", "--input-type=module", "-e", script], {
    env: sourcesEnv({ TOKEN: receiver.token }),
    cwd: import.meta.dirname,
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  expect(ms()).toBeLessThan(10_000);
});

test("a broker of an earlier version, which knows no dialogs, still has the session renewed", async () => {
  await using broker = await startTestBroker();
  const { token } = await broker.agent("newer");
  const said: string[] = [];
  const client = new MeshClient({
    url: broker.url,
    token,
    fetch: async (url, init) => {
      const body = typeof init?.body === "string" ? init.body : "";
      if (body.includes("dialog")) {
        said.push("dialog");
        const headers = { "content-type": "application/problem+json" };
        return new Response(problem("invalid_request", 400), { status: 400, headers });
      }
      if (String(url).endsWith("/heartbeat")) said.push("heartbeat");
      return fetch(url, init);
    },
  });
  const session = await client.join();
  await session.setDialog({ about: "permission", sinceMs: Date.now() });
  expect(said).toEqual(["dialog", "heartbeat"]);
  expect(await session.heartbeat()).toMatchObject({ name: "newer" });
  await session.leave();
});

test("what a session says last is what the broker hears last, however long an earlier heartbeat takes", async () => {
  await using broker = await startTestBroker();
  const { token } = await broker.agent("quick");
  let holding: Promise<void> | undefined;
  const client = new MeshClient({
    url: broker.url,
    token,
    fetch: async (url, init) => {
      const hold = holding;
      holding = undefined;
      await hold;
      return fetch(url, init);
    },
  });
  const session = await client.join();
  const { promise, resolve: release } = Promise.withResolvers<void>();
  holding = promise;
  const first = session.setPushPaths([{ path: "stream" }]);
  const others = [
    session.setDialog({ about: "permission", sinceMs: Date.now() }),
    session.setPushPaths([{ path: "claude-inbox" }]),
  ];
  await broker.admin.status();
  release();
  await Promise.all([first, ...others]);
  const said = await broker.admin.getAgent({ agent: "quick" });
  expect([said.dialog?.about, said.pushPaths]).toEqual(["permission", [{ path: "claude-inbox" }]]);
  await session.leave();
});
