/** Several addresses of one mesh: the next one is taken when one fails, and what was begun goes on there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listening, sourcesEnv, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrokerUnreachableError, MeshClient, UntrustedBrokerError } from "../src/index.ts";
import { connect, locate, openStateFolder, requireBroker, writeJoinedMesh } from "../src/node/index.ts";

/** A second address of a broker: passes all on to its port until it is closed. `answers` says what comes back of it. */
async function door(at: number, to: () => number, answers: "all" | "none" = "all") {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTo(to(), "127.0.0.1");
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => undefined).on("close", () => [near, far].map((each) => each.destroy()));
    }
    near.pipe(far);
    if (answers === "all") far.pipe(near);
    else far.once("data", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${at}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Somebody else at an address, who keeps what is sent. */
async function stranger(answer: RequestListener) {
  const seen: string[] = [];
  const server = createHttp((request, response) => {
    seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    answer(request, response);
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  return {
    url,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const stopping: RequestListener = (_, response) => {
  const problem = {
    type: "urn:agentmesh:problem:shutting_down",
    instance: "req",
    title: "The broker is stopping",
    status: 503,
    code: "shutting_down",
  };
  response
    .writeHead(503, { "content-type": "application/problem+json" })
    .end(JSON.stringify({ ...problem, detail: "It stops.", retryable: true }));
};

let broker: TestBroker;
let left: number;
let right: number;
beforeAll(async () => {
  [left, right] = [await freePort(), await freePort()];
  broker = await startTestBroker({ args: ["--allowed-hosts", `127.0.0.1:${left},127.0.0.1:${right}`] });
});
afterAll(() => broker[Symbol.asyncDispose]());

const urlsOf = (...ports: readonly number[]) => ports.map((port) => `http://127.0.0.1:${port}`);

async function failure(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("nothing failed");
  return error;
}

describe("a client that was given several addresses of one broker", () => {
  test("goes on by another one as often as the one that it uses goes away, with its session, and misses nothing", async () => {
    const [near, far] = [await broker.agent("near"), await broker.agent("far")];
    let [first, second] = [await door(left, () => broker.port), await door(right, () => broker.port)];
    const client = new MeshClient({ url: urlsOf(left, right), token: far.token });
    const session = await client.join();
    const { id } = session;
    const came: string[] = [];
    const over = new AbortController();
    const reading = (async () => {
      for await (const delivery of session.inbox({ signal: over.signal })) {
        came.push(delivery.body);
        await delivery.ack();
      }
    })();
    await until(async () => (await broker.admin.status()).streams === 1, "the stream");
    const sent: string[] = [];
    for (let round = 0; round < 3; round++) {
      const isLeft = (await client.connection.url()).endsWith(String(left));
      expect(isLeft, "the address that failed last is not the one in use").toBe(round % 2 === 0);
      await (isLeft ? first : second)[Symbol.asyncDispose]();
      sent.push(`in round ${round}`);
      await near.client.send({ to: "far", body: `in round ${round}` });
      await client.send({ to: "near", body: `from far in round ${round}` });
      await until(() => came.length === sent.length, "what was sent meanwhile");
      if (isLeft) first = await door(left, () => broker.port);
      else second = await door(right, () => broker.port);
    }
    expect(came).toEqual(sent);
    expect(session.id, "one session all the time").toBe(id);
    const { deliveries } = await near.client.lease({ max: 10 });
    expect(deliveries.map(({ message }) => message.body)).toEqual([0, 1, 2].map((n) => `from far in round ${n}`));
    over.abort();
    await reading;
    await session.leave();
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  });

  test("sends once what one of them took and never answered", async () => {
    const [from, to] = [await broker.agent("sends-again"), await broker.agent("gets-once")];
    await using _lossy = await door(left, () => broker.port, "none");
    await using _sound = await door(right, () => broker.port);
    const client = new MeshClient({ url: urlsOf(left, right), token: from.token, retryForMs: 0 });
    const { messageId, duplicate } = await client.send({ to: to.agent.id, body: "once" });
    expect(duplicate, "the first one had stored it").toBe(true);
    const { deliveries } = await to.client.lease({ max: 10 });
    expect(deliveries.map(({ message: { id } }) => id)).toEqual([messageId]);
  });

  test("leaves one that is stopping at once, with what may not be repeated, too", async () => {
    const { agent, token } = await broker.agent("leaves");
    await using ending = await stranger(stopping);
    const client = new MeshClient({ url: [ending.url, broker.url], token, retryForMs: 0 });
    expect(await client.lease({ max: 1 })).toMatchObject({ deliveries: [] });
    expect((await client.getAgent({ agent: "me" })).id).toBe(agent.id);
    expect(ending.seen.length, "asked once, and not again while another one answers").toBe(1);
  });

  test("leaves one that is silent when its time is over, and one where nobody listens at once", async () => {
    const { token } = await broker.agent("waits");
    await using silent = await stranger(() => undefined);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const client = new MeshClient({
      url: [silent.url, nobody, broker.url],
      token,
      timeoutMs: 400,
      retryForMs: 0,
    });
    expect((await client.listAgents()).agents.length).toBeGreaterThan(0);
    // Whether who is silent has leased something, nobody knows: that is said, and not asked of another one.
    const unsure = new MeshClient({ url: [silent.url, broker.url], token, timeoutMs: 400, retryForMs: 0 });
    await expect(unsure.lease({ max: 1 })).rejects.toThrow(`${silent.url} did not answer`);
    expect((await unsure.listAgents()).agents.length).toBeGreaterThan(0);
  });

  test("names all that it tried where none answers", async () => {
    const urls = urlsOf(await freePort(), await freePort(), await freePort());
    const error = await failure(new MeshClient({ url: urls, retryForMs: 0 }).health());
    expect(error).toBeInstanceOf(BrokerUnreachableError);
    for (const url of urls) expect(error.message.split(url)).toHaveLength(2);
    expect(error.message).toMatch(/ECONNREFUSED/);
    await expect(new MeshClient({ url: [] }).health()).rejects.toThrow("needs the address of a broker");
  });
});

describe("a program whose environment names several brokers of its mesh", () => {
  test("is led by their proofs: nobody else is sent a token, and the next that proves itself is taken", async () => {
    using home = tempDir();
    const folder = openStateFolder(home.path);
    writeFileSync(folder.keyFile, broker.key, { mode: 0o600 });
    await using wrong = await stranger((_, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"status":"ok","version":"0.1.0"}');
    });
    const { token, agent } = await broker.agent("proves");
    const url = `${wrong.url}, ${broker.url}`;
    const client = connect({ folder, token, url, retryForMs: 0 });
    expect((await client.getAgent({ agent: "me" })).id).toBe(agent.id);
    expect(wrong.seen).toHaveLength(1);
    expect(wrong.seen.join()).not.toMatch(/authorization|am_/);
    const alone = await failure(
      connect({ folder, token, url: `${wrong.url},http://127.0.0.1:${left}`, retryForMs: 0 }).health(),
    );
    expect(alone).toBeInstanceOf(UntrustedBrokerError);
    expect(alone.message).toContain(
      `${wrong.url} (it does not hold the key of ${folder.path}), http://127.0.0.1:${left} (nobody listens there)`,
    );
    const none = await failure(requireBroker(folder, locate(folder, { AGENTMESH_URL: urlsOf(left, right).join() })));
    expect(none).toBeInstanceOf(BrokerUnreachableError);
    expect(none.message).toContain("No broker answers at any address that AGENTMESH_URL names");
  });

  test("asks the one that it lost behind the others, and one that is silent keeps none from it", async () => {
    using home = tempDir();
    const folder = openStateFolder(home.path);
    writeFileSync(folder.keyFile, broker.key, { mode: 0o600 });
    await using silent = await stranger(() => undefined);
    // A second broker of the same key: whose turn it is shows in who is asked.
    const twin = tempDir();
    writeFileSync(join(twin.path, "key"), `${broker.key}\n`, { mode: 0o600 });
    await using other = await startTestBroker({ home: twin.path });
    const address = locate(folder, { AGENTMESH_URL: [silent.url, broker.url, other.url].join() });
    expect(await requireBroker(folder, address)).toMatchObject({ url: broker.url, others: 2 });
    expect(await requireBroker(folder, address, undefined, { url: broker.url })).toMatchObject({ url: other.url });
    await other.kill();
    expect(await requireBroker(folder, address, undefined, { url: broker.url })).toMatchObject({ url: broker.url });
    const given = new AbortController();
    const waiting = requireBroker(folder, locate(folder, {}, `${silent.url},${silent.url}/`), given.signal);
    given.abort(new Error("given up"));
    await expect(waiting).rejects.toThrow("given up");
    twin[Symbol.dispose]();
  });

  test("has them in its settings as a list, each an address", () => {
    using home = tempDir();
    const folder = openStateFolder(home.path);
    const at = (text: string) => locate(folder, { AGENTMESH_URL: text });
    expect(at("http://127.0.0.1:7901, https://desk.example:7900,http://127.0.0.1:7901/")).toMatchObject({
      url: "http://127.0.0.1:7901",
      local: false,
      several: [
        { url: "http://127.0.0.1:7901", local: true },
        { url: "https://desk.example:7900", local: false },
      ],
    });
    expect(at("http://127.0.0.1:7901,http://127.0.0.1:7901/").several, "one and the same").toBeUndefined();
    expect(() => at("http://127.0.0.1:7901,")).toThrow(/AGENTMESH_URL takes an address.*not "" in "http/);
    expect(() => at("http://127.0.0.1:7901,desk")).toThrow('not "desk" in');
    expect(() => at(Array.from({ length: 17 }, (_, n) => `http://127.0.0.1:${7_900 + n}`).join())).toThrow(
      "16 addresses at most, and has 17",
    );
    writeJoinedMesh(folder, {
      ...{ version: 1, urls: ["https://desk.example:7900"], machine: `mch_${"0".repeat(32)}`, host: "laptop" },
      token: `amm_${"t".repeat(43)}`,
    });
    const joined = at("https://desk.example:7900,https://tower.example:7900");
    expect([joined, ...(joined.several ?? [])].map((each) => each.joined?.host)).toEqual([
      "laptop",
      "laptop",
      "laptop",
    ]);
    expect(at("https://tower.example:7900,https://lamp.example:7900").joined).toBeUndefined();
  });
});

/** Why a name cannot be given several addresses here. */
const whyNot = process.platform !== "linux" ? "needs Linux" : process.getuid?.() !== 0 ? "needs root" : undefined;

describe.skipIf(whyNot !== undefined)(`a name with several records${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  test("is each of its addresses: the next one is asked when one is silent, and each has to prove itself", async () => {
    const port = await freePort();
    const name = "mesh.example";
    await using secure = await startTestBroker({
      args: ["--tls", `127.0.0.2:${port}`, "--allowed-hosts", `${name},${name}:${port}`],
    });
    const { ca = "" } = await secure.admin.authority();
    await secure.agent("known");
    // What listens at the other address takes connections, and says nothing.
    const open = new Set<Socket>();
    const silent = createServer((socket) => open.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.3", resolve));
    using home = tempDir();
    const file = (path: string, text: string) => {
      writeFileSync(join(home.path, path), text, { mode: 0o600 });
      return join(home.path, path);
    };
    const gone = ["127.0.0.4 gone.example", "127.0.0.5 gone.example"];
    const lines = ["127.0.0.1 localhost", `127.0.0.3 ${name}`, `127.0.0.2 ${name}`, ...gone];
    const hosts = file("hosts", `${lines.join("\n")}\n`);
    file("key", `${secure.key}\n`);
    const program = fileURLToPath(new URL("name-with-several.ts", import.meta.url));
    const inside = ["--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
    const node = [process.execPath, "--conditions=@agentmesh/source", program];
    const child = spawn("unshare", [...inside, ...node, home.path, String(port), secure.key], {
      env: sourcesEnv({ NODE_EXTRA_CA_CERTS: file("ca.pem", ca), HTTPS_PROXY: "", https_proxy: "" }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text));
    await once(child, "exit");
    for (const socket of open) socket.destroy();
    silent.close();
    expect(said).toContain("found at 127.0.0.2 of 2\nand again at 127.0.0.2\nagents: known\n");
    expect(said).toContain(`any address that the name in https://gone.example:${port} has: `);
    for (const at of ["127.0.0.4", "127.0.0.5"]) {
      expect(said).toContain(`https://gone.example:${port} at ${at} (nobody listens there, ECONNREFUSED)`);
    }
  });
});
