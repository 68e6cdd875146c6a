/** A broker that is told to stop answers what it has taken, and ends in time. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { MeshClient } from "@agentmesh/client";
import { endpoints } from "@agentmesh/protocol";
import { cleanEnv, startProgram, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { describe, expect, test } from "vitest";

/** A stop is given 3 s for answers and 8 s in all; a loaded machine takes its own on top. */
const ENDS_WITHIN_MS = 12_000;

/** Sends over keep-alive connections, without a second try, until one is not answered; gives the answered and the others. */
async function sendUntilCut(client: MeshClient, name: string) {
  const answered: string[] = [];
  for (let n = 0; ; n++) {
    const body = `${name}-${n}`;
    try {
      await client.send({ to: "sink", body });
      answered.push(body);
    } catch {
      return { answered, cut: body };
    }
  }
}

/** Texts that the sink has. */
async function stored(broker: TestBroker, token: string): Promise<Set<string>> {
  const client = broker.client(token);
  const bodies = new Set<string>();
  for (;;) {
    const { deliveries } = await client.lease();
    if (deliveries.length === 0) return bodies;
    for (const { id, receipt, message } of deliveries) {
      bodies.add(message.body);
      await client.ack({ delivery: id, receipt });
    }
  }
}

/** One request as it goes over a socket. */
function wire({ port }: TestBroker, token: string, path: string, body?: object): string {
  const text = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `authorization: Bearer ${token}`,
  ];
  if (body) head.push("content-type: application/json", `content-length: ${Buffer.byteLength(text)}`);
  return `${head.join("\r\n")}\r\n\r\n${text}`;
}

/** A broker that is held in the midst of its start: it has its database, and serves nobody yet. */
async function startsStill(place: string) {
  for (let n = 0; n < 20; n++) {
    const home = join(place, String(n));
    const env = cleanEnv({ AGENTMESH_HOME: home });
    const running = startProgram("broker", ["--port", "0", "--log-format", "json"], { env });
    while (!existsSync(join(home, "mesh.db"))) await setImmediate();
    running.child.kill("SIGSTOP");
    if (!existsSync(join(home, "broker.json"))) return running;
    running.child.kill("SIGKILL");
    await running.exit;
  }
  throw new Error("No broker was held before it was announced.");
}

describe("a broker that is told to stop", () => {
  test("under load cuts off no sender whose message it has stored", async () => {
    await using broker = await startTestBroker({ logLevel: "info" });
    const sink = await broker.agent("sink");
    const senders = Array.from({ length: 64 }, async (_, i) => {
      const { token } = await broker.agent(`sender-${i}`);
      return await sendUntilCut(broker.client(token, { retryForMs: 0 }), `s${i}`);
    });
    await until(async () => (await broker.admin.status()).deliveries.queued > 300, "load", 30_000);
    const { code, ms } = await broker.kill("SIGTERM");
    const outcomes = await Promise.all(senders);
    await broker.start();
    const bodies = await stored(broker, sink.token);
    expect(outcomes.map(({ cut }) => cut).filter((body) => bodies.has(body))).toEqual([]);
    expect(outcomes.flatMap(({ answered }) => answered).filter((body) => !bodies.has(body))).toEqual([]);
    expect([code, ms < ENDS_WITHIN_MS]).toEqual([0, true]);
  });

  test("answers each of several requests of one connection, then ends it", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await broker.agent("bob");
    const socket = connect(broker.port, "127.0.0.1");
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    // Three that wait, and a send among them: what waits is answered at the stop, in the order it was asked.
    const wait = wire(broker, alice.token, "/v1/inbox/lease", { waitMs: 25_000 });
    socket.write(wait + wire(broker, alice.token, "/v1/messages", { to: "alice", body: "among them" }));
    await until(async () => (await broker.admin.status()).deliveries.leased === 1, "the send to be taken");
    // What waits behind a send in one packet is there when the send is answered.
    const waits = connect(broker.port, "127.0.0.1");
    waits.write(wire(broker, alice.token, "/v1/messages", { to: "bob", body: "before them" }) + wait + wait);
    let last = "";
    waits.setEncoding("utf8").on("data", (text: string) => {
      last += text;
    });
    await until(() => last.includes("HTTP/1.1 202"), "the send to be answered");
    const { code } = await broker.kill("SIGTERM");
    if (!waits.closed) await once(waits, "close");
    if (!socket.closed) socket.destroy();
    expect(code).toBe(0);
    expect(said.match(/HTTP\/1\.1 2\d\d/g)?.length).toBe(2);
    expect(last.match(/HTTP\/1\.1 200/g)?.length).toBe(2);
    expect(last.match(/connection: close/gi)?.length).toBe(1);
  });

  test("tells streams, long polls and asks at once, and ends although a reader does not read and a body does not end", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await broker.agent("bob");
    const { session } = await alice.client.openSession({ client: "test", pushPaths: [] });
    const stream = await fetch(`${broker.url}/v1/inbox/stream?session=${session.id}`, {
      headers: { authorization: `Bearer ${alice.token}` },
    });
    // A client of ours asks again at once and waits on; the answer of the broker is the subject.
    const asked = fetch(broker.url + endpoints.ask.path, {
      method: "POST",
      headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
      body: JSON.stringify({ to: "bob", body: "well?", waitMs: 20_000 }),
    });
    const polled = broker.client(alice.token).lease({ waitMs: 20_000 });
    const unfinished = connect(broker.port, "127.0.0.1");
    unfinished.on("error", () => {});
    unfinished.write(wire(broker, alice.token, "/v1/messages", { to: "bob", body: "half" }).slice(0, -5));
    await until(async () => (await broker.admin.status()).deliveries.queued === 1, "the ask");
    const { code, ms } = await broker.kill("SIGTERM");
    expect(await stream.text()).toContain('"shutting_down"');
    expect(await (await asked).json()).toMatchObject({ status: "pending" });
    expect((await polled).deliveries).toEqual([]);
    expect([code, ms < ENDS_WITHIN_MS]).toEqual([0, true]);
    expect(broker.log()).toContain("stop.unanswered");
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("by %s while it starts, stops as any other", async (signal) => {
    using home = tempDir();
    const running = await startsStill(home.path);
    running.child.kill(signal);
    running.child.kill("SIGCONT");
    expect(await running.exit).toEqual({ code: 0, signal: null });
    expect(running.stdout()).toContain('"broker.stopped"');
  });
});
