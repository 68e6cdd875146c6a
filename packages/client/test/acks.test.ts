/** Acks that are asked for together, against a real broker: one call, an answer for each, nothing late and nothing lost. */
import { spawn } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { createServer } from "node:http";
import { MeshApiError, MeshClient } from "@agentmesh/client";
import { MAX_ACKS_PER_CALL } from "@agentmesh/protocol";
import { listening, sourcesEnv, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
let alice: TestAgent;
let count = 0;

beforeAll(async () => {
  broker = await startTestBroker();
  alice = await broker.agent("alice");
});
afterAll(() => broker[Symbol.asyncDispose]());

/** An agent with so many messages, and a client of it whose calls of acks are seen: by their paths, and before they go. */
async function reader(messages: number, before: (path: string) => Promise<string> = async (path) => path) {
  const agent = await broker.agent(`reader-${++count}`);
  for (let i = 0; i < messages; i++) await alice.client.send({ to: agent.agent.name, body: `text ${i}` });
  const calls: string[] = [];
  const client = new MeshClient({
    url: broker.url,
    token: agent.token,
    fetch: async (input, init) => {
      const { origin, pathname, search } = new URL(String(input));
      if (!pathname.includes("ack")) return fetch(input, init);
      calls.push(pathname);
      return fetch(origin + (await before(pathname)) + search, init);
    },
  });
  return { ...agent, calls, seer: client };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
const codeOf = (answer: PromiseSettledResult<unknown>) =>
  answer.status === "fulfilled" ? "acked" : answer.reason instanceof MeshApiError ? answer.reason.code : answer.reason;
const openOf = async ({ agent }: TestAgent) => (await broker.admin.listInbox({ agent: agent.name })).open;

describe("acks that are asked for", () => {
  test("in one moment go in one call, and each has the answer that its own call would have", async () => {
    const own = await reader(4);
    const other = await reader(1);
    const strangers = (await other.client.listInbox()).entries[0]?.id ?? "1";
    await own.client.ack({ delivery: "4" });
    const { deliveries } = await own.client.lease({ max: 1 });
    const receipt = deliveries[0]?.receipt ?? "";
    const asked = [
      { delivery: "1", receipt },
      { delivery: "2", receipt: "of another lease" },
      { delivery: "3", evidence: "read" as const },
      { delivery: "4" },
      { delivery: "999" },
      { delivery: strangers },
      { delivery: "nothing" },
      { delivery: "3" },
    ];
    const together = await Promise.allSettled(asked.map((each) => own.seer.ack(each)));
    expect(own.calls).toEqual(["/v1/inbox/acks"]);
    expect(together.map(codeOf)).toEqual([
      ...["acked", "lease_lost", "acked", "acked"],
      ...["delivery_not_found", "delivery_not_found", "invalid_request", "acked"],
    ]);
    expect(together.map((each) => each.status === "fulfilled" && each.value.duplicate)).toEqual([
      ...[false, false, false, true, false, false, false, true],
    ]);
    expect([await openOf(own), await openOf(other)]).toEqual([1, 1]);
    for (const [i, each] of asked.entries()) {
      const alone = await own.client.ack(each).catch((error: unknown) => error);
      const answer = together[i];
      if (answer?.status === "fulfilled") expect(alone).toEqual({ ...answer.value, duplicate: true });
      else expect(alone).toMatchObject({ message: answer?.reason.message, status: answer?.reason.status });
    }
  });

  test("alone go by a call of their own", async () => {
    const own = await reader(2);
    await own.seer.ack({ delivery: "1" });
    await own.seer.ack({ delivery: "2" });
    expect(own.calls).toEqual(["/v1/deliveries/1/ack", "/v1/deliveries/2/ack"]);
  });

  test("while one is under way gather for a moment, and do not wait for its answer", async () => {
    const answer = Promise.withResolvers<void>();
    const own = await reader(9, async (path) => {
      if (path.includes("/1/")) await answer.promise;
      return path;
    });
    const first = own.seer.ack({ delivery: "1" });
    await until(() => own.calls.length === 1, "the first call");
    const others: Promise<unknown>[] = [];
    for (const delivery of numbers(2, 9)) {
      others.push(own.seer.ack({ delivery }));
      await Promise.resolve();
    }
    await Promise.all(others);
    expect(own.calls).toEqual(["/v1/deliveries/1/ack", "/v1/inbox/acks"]);
    answer.resolve();
    expect(await first).toMatchObject({ state: "acked", duplicate: false });
  });

  test("in a great number go in calls of as many as one takes", async () => {
    const own = await reader(3);
    const answers = await Promise.allSettled(
      numbers(1, 2 * MAX_ACKS_PER_CALL + 1).map((delivery) => own.seer.ack({ delivery })),
    );
    expect(own.calls).toEqual(["/v1/inbox/acks", "/v1/inbox/acks", "/v1/deliveries/513/ack"]);
    const codes = answers.map(codeOf);
    expect(codes.slice(0, 3)).toEqual(["acked", "acked", "acked"]);
    expect(new Set(codes.slice(3))).toEqual(new Set(["delivery_not_found"]));
  });

  test("with something that no ack has do not spoil those beside them", async () => {
    const own = await reader(3);
    const evidence = "seen" as unknown as "read";
    const asked = [{ delivery: "1" }, { delivery: "2", evidence }, { delivery: "3" }];
    const answers = await Promise.allSettled(asked.map((each) => own.seer.ack(each)));
    expect(answers.map(codeOf)).toEqual(["acked", "invalid_request", "acked"]);
  });

  test("with a token that is not valid are all told so", async () => {
    const client = new MeshClient({ url: broker.url, token: `am_${"0".repeat(43)}` });
    const answers = await Promise.allSettled(numbers(1, 3).map((delivery) => client.ack({ delivery })));
    expect(answers.map(codeOf)).toEqual(["unauthenticated", "unauthenticated", "unauthenticated"]);
  });

  test("of which the broker could not do one just now: that one is asked for again", async () => {
    const paths: string[] = [];
    const acked = (n: string) => ({ deliveryId: `dlv_${n.repeat(32)}`, state: "acked", duplicate: false });
    const full = { type: "x", title: "x", status: 507, detail: "full", instance: "r", code: "storage_full" };
    const server = createServer((request, response) => {
      paths.push(request.url ?? "");
      const problem = { ...full, retryable: true };
      const answer =
        paths.length === 1 ? { results: [acked("1"), { delivery: "2", problem }, acked("3")] } : acked("2");
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
    const client = new MeshClient({ url: `http://127.0.0.1:${await listening(server)}`, token: "am_x" });
    const answers = await Promise.all(numbers(1, 3).map((delivery) => client.ack({ delivery })));
    server.close();
    server.closeAllConnections();
    expect(paths).toEqual(["/v1/inbox/acks", "/v1/deliveries/2/ack"]);
    expect(answers.map(({ deliveryId }) => deliveryId[4])).toEqual(["1", "2", "3"]);
  });
});

test("a broker that knows no call for many is asked for each, and is not asked again until the connection was lost", async () => {
  let knows = false;
  const own = await reader(9, async (path) => (path === "/v1/inbox/acks" && !knows ? "/v1/inbox/not-known" : path));
  const ack = (from: number, to: number) =>
    Promise.all(numbers(from, to).map((delivery) => own.seer.ack({ delivery })));
  const isMany = (path: string) => path === "/v1/inbox/acks";
  expect((await ack(1, 3)).map(({ state }) => state)).toEqual(["acked", "acked", "acked"]);
  expect([own.calls.filter(isMany).length, own.calls.length]).toEqual([1, 4]);
  await ack(4, 6);
  expect([own.calls.filter(isMany).length, own.calls.length]).toEqual([1, 7]);
  knows = true;
  own.seer.connection.lost();
  await ack(7, 9);
  expect([own.calls.filter(isMany).length, own.calls.length]).toEqual([2, 8]);
  expect(await openOf(own)).toBe(0);
});

describe("an ack that is given up", () => {
  test("before it went is not sent, and those beside it are", async () => {
    const own = await reader(3);
    const giveUp = new AbortController();
    const answers = ["1", "2", "3"].map((delivery) =>
      own.seer.ack({ delivery }, delivery === "2" ? { signal: giveUp.signal } : {}),
    );
    giveUp.abort(new Error("no longer"));
    expect((await Promise.allSettled(answers)).map(codeOf)).toEqual(["acked", new Error("no longer"), "acked"]);
    expect(await openOf(own)).toBe(1);
    const late = own.seer.ack({ delivery: "2" }, { signal: giveUp.signal });
    await expect(late).rejects.toThrow("no longer");
  });

  test("on its way is over at once, and those beside it are answered", async () => {
    const answer = Promise.withResolvers<void>();
    const own = await reader(2, async (path) => {
      await answer.promise;
      return path;
    });
    const giveUp = new AbortController();
    const given = own.seer.ack({ delivery: "1" }, { signal: giveUp.signal });
    const other = own.seer.ack({ delivery: "2" });
    await until(() => own.calls.length === 1, "the call");
    giveUp.abort(new Error("no longer"));
    await expect(given).rejects.toThrow("no longer");
    answer.resolve();
    expect(await other).toMatchObject({ state: "acked" });
  });

  test("or not, leaves one listener on a signal that lives on", async () => {
    const own = await reader(2);
    const { signal } = new AbortController();
    await Promise.all(["1", "2"].map((delivery) => own.seer.ack({ delivery }, { signal })));
    expect(own.calls).toEqual(["/v1/inbox/acks"]);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
  });

  test("with all that went with it ends the call", async () => {
    const ended = Promise.withResolvers<string>();
    const server = createServer((request) => {
      request.socket.once("close", () => ended.resolve("the connection is closed"));
    });
    const client = new MeshClient({ url: `http://127.0.0.1:${await listening(server)}`, token: "am_x" });
    const giveUp = [new AbortController(), new AbortController()];
    const asked = giveUp.map(({ signal }, i) => client.ack({ delivery: String(i + 1) }, { signal }));
    const came = new Promise((resolve) => server.once("request", resolve));
    await came;
    for (const each of giveUp) each.abort(new Error("no longer"));
    expect((await Promise.allSettled(asked)).map(codeOf)).toEqual([new Error("no longer"), new Error("no longer")]);
    expect(await ended.promise).toBe("the connection is closed");
    server.close();
  });
});

describe("nothing is lost", () => {
  test("of what was asked for when a session is left: it is acked before the session ends", async () => {
    const own = await reader(20);
    const session = await own.seer.join();
    const answers: Promise<unknown>[] = [];
    for await (const delivery of session.inbox()) {
      // One alone, and behind it what gathers while it is under way.
      answers.push(delivery.ack());
      if (answers.length === 20) break;
    }
    await session.leave();
    expect((await own.client.listInbox({ state: "all" })).entries.map(({ state }) => state)).toEqual(
      answers.map(() => "acked"),
    );
    await Promise.all(answers);
    expect(own.calls.length).toBeLessThan(20);
  });

  test("of what a program asked for that then has nothing more to do", async () => {
    const own = await reader(40);
    const script = `
      import { MeshClient } from "@agentmesh/client";
      const client = new MeshClient({ url: "${broker.url}", token: process.env.TOKEN });
      const { deliveries } = await client.lease({ max: 40, maxBytes: 65536 });
      for (const { id } of deliveries) {
        void client.ack({ delivery: id });
        await new Promise(setImmediate);
      }
    `;
    const child = spawn(process.execPath, ["--conditions=@agentmesh/source", "--input-type=module", "-e", script], {
      env: sourcesEnv({ TOKEN: own.token }),
      cwd: import.meta.dirname,
      stdio: "inherit",
    });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await openOf(own)).toBe(0);
  });
});
