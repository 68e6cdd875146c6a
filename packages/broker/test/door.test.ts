/** The door and its turnstile: what one turn of the event loop reads and begins when much comes at once, over real sockets. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { startTestBroker, until } from "testkit";
import { expect, test } from "vitest";
import { abortCheaply } from "../src/http/budgets/aborts.ts";
import { Connections } from "../src/http/budgets/connections.ts";
import { Door, type Handle } from "../src/http/budgets/door.ts";
import { Patience, patienceLimits } from "../src/http/budgets/patience.ts";
import { Turnstile } from "../src/http/budgets/turnstile.ts";
import { http } from "../src/sinks/node-http.ts";

const OTHER = "GET /other HTTP/1.1\r\nhost: here\r\n\r\n";
const REQUEST = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";

/** A server behind a door; `cameIn` is told of every request before the door is, with the turn of the event loop. */
async function serverBehindDoor(handle: Handle, cameIn: (socket: Socket, turn: number) => void = () => undefined) {
  const connections = new Connections();
  const turnstile = new Turnstile(connections);
  const door = new Door(connections, turnstile, handle);
  const taken: Socket[] = [];
  let turn = 0;
  let isOver = false;
  const count = () => {
    turn++;
    if (!isOver) setImmediate(count);
  };
  count();
  const server = http.createServer((request, response) => {
    cameIn(request.socket, turn);
    door.asked(request, response);
  });
  server.on("connection", (socket) => {
    abortCheaply(socket);
    connections.opened(socket);
    turnstile.opened(socket);
    taken.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const made: Socket[] = [];
  return {
    connections,
    now: () => turn,
    /** Opens connections, one after the other: ours, and what the server has of each. */
    async open(many: number) {
      const ours: Socket[] = [];
      const theirs: Socket[] = [];
      for (let i = 0; i < many; i++) {
        const socket = connect(port, "127.0.0.1").on("error", () => undefined);
        made.push(socket);
        ours.push(socket);
        const before = taken.length;
        await until(() => taken.length > before, "the connection to be taken");
        theirs.push(...taken.slice(before));
      }
      return { ours, theirs };
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      for (const socket of [...made, ...taken]) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Begins a request that takes so long, and answers it. */
const taking = (ms: number, begun: (request: IncomingMessage) => void) => {
  return (request: IncomingMessage, response: ServerResponse) => {
    begun(request);
    for (const from = performance.now(); performance.now() - from < ms; );
    response.end();
  };
};

test("of connections without a token that ask much in the same moment a few are read in a turn, and in the end each", async () => {
  const turns = new Map<number, Set<Socket>>();
  const heardOf = new Set<Socket>();
  await using server = await serverBehindDoor(
    taking(0, () => undefined),
    (socket, turn) => {
      turns.set(turn, (turns.get(turn) ?? new Set()).add(socket));
      heardOf.add(socket);
    },
  );
  const { ours, theirs } = await server.open(60);
  for (const socket of ours) socket.write(REQUEST.repeat(500));
  await until(() => theirs.every((socket) => socket.destroyed), "all to be hung up on");
  expect(heardOf.size).toBe(60);
  expect(Math.max(...[...turns.values()].map(({ size }) => size))).toBeLessThan(45);
});

test("who asks little over many connections at once is answered on each of them, whoever floods beside", async () => {
  await using server = await serverBehindDoor(taking(0, () => undefined));
  const flood = await server.open(60);
  const quiet = await server.open(60);
  const answered = Promise.all(quiet.ours.map((socket) => once(socket, "data")));
  for (const socket of flood.ours) socket.write(REQUEST.repeat(500));
  for (const socket of quiet.ours) socket.write(REQUEST);
  await answered;
});

test("a new connection is read while a crowd waits to be, not behind all of it", async () => {
  const order: Socket[] = [];
  await using server = await serverBehindDoor(
    taking(0, () => undefined),
    (socket) => {
      if (order.at(-1) !== socket) order.push(socket);
    },
  );
  const { ours } = await server.open(200);
  for (const socket of ours) socket.write(REQUEST.repeat(500));
  const newcomer = (await server.open(1)).ours[0];
  let answer = "";
  newcomer?.on("data", (chunk) => {
    answer += chunk;
  });
  newcomer?.write(REQUEST);
  await until(() => answer !== "", "the answer");
  expect(order.length).toBeLessThan(150);
});

test("a request on a new connection is begun soon, though a turn has time for one of those whose token is known", async () => {
  const order: string[] = [];
  await using server = await serverBehindDoor(
    taking(6, ({ headers }) => order.push(headers.authorization === undefined ? "known" : "new")),
  );
  const known = await server.open(30);
  for (const socket of known.theirs) server.connections.proven(socket, { kind: "key" });
  const [fresh] = (await server.open(1)).ours;
  for (const socket of known.ours) socket.write(REQUEST.repeat(4));
  fresh?.write("GET / HTTP/1.1\r\nhost: here\r\nauthorization: Bearer mine\r\n\r\n");
  await until(() => order.includes("new"), "the new one to be begun");
  expect(order.indexOf("new")).toBeLessThan(20);
});

test("while others ask too, two requests of one caller are begun in a turn, and alone it has all of it", async () => {
  const begun = new Map<number, number>();
  await using server = await serverBehindDoor(
    taking(0, ({ url }) => {
      if (url === "/") begun.set(server.now(), (begun.get(server.now()) ?? 0) + 1);
    }),
  );
  const many = await server.open(40);
  for (const socket of many.theirs) server.connections.proven(socket, { kind: "key" });
  const all = () => [...begun.values()].reduce((sum, one) => sum + one, 0);
  const ask = async () => {
    begun.clear();
    for (const socket of many.ours) socket.write(REQUEST.repeat(8));
    await until(() => all() === 320, "all to be begun");
    return [...begun.values()];
  };
  const alone = await ask();
  const [other] = (await server.open(1)).ours;
  other?.on("data", () => other.write(OTHER));
  other?.write(OTHER);
  const beside = await ask();
  expect(Math.max(...alone)).toBeGreaterThan(2);
  // A machine that pauses for so long that the other one is forgotten makes a few larger turns.
  expect(beside.filter((count) => count <= 2).length).toBeGreaterThan(beside.length * 0.75);
});

test("a connection that is closed leaves errors without a stack, and those of others have theirs", async () => {
  const limit = Error.stackTraceLimit;
  const aborted: string[] = [];
  const own: string[] = [];
  await using server = await serverBehindDoor((request) => {
    request.socket.once("close", () => own.push(new Error("mine").stack ?? ""));
    request.once("error", ({ stack }) => aborted.push(stack ?? ""));
  });
  const [socket] = (await server.open(1)).ours;
  socket?.write("POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\n");
  const [theirs] = (await server.open(1)).theirs;
  await until(() => theirs && Error.stackTraceLimit === limit, "the request");
  await new Promise(setImmediate);
  socket?.destroy();
  await until(() => aborted.length === 1 && own.length === 1, "both errors");
  expect(aborted[0]).not.toContain("\n    at ");
  expect(own[0]).toContain("\n    at ");
  expect(Error.stackTraceLimit).toBe(limit);
});

test("who is told to come later twenty times in a second is told so later, and no other one is", () => {
  const patience = new Patience();
  const delays = Array.from({ length: patienceLimits.refusals + 2 }, () => patience.delayMs("agt_hasty"));
  expect(delays.slice(0, -2)).toEqual(delays.slice(0, -2).map(() => 0));
  expect(delays.slice(-2)).toEqual([patienceLimits.delayMs, patienceLimits.delayMs]);
  expect(patience.delayMs("agt_other")).toBe(0);
});

test("what is refused for want of room is refused at a pace, whatever its caller does", async () => {
  await using broker = await startTestBroker({ env: { AGENTMESH_MIN_FREE_DISK_BYTES: String(2 ** 50) } });
  const hasty = broker.client(broker.key, { retryForMs: 0 });
  const codes: string[] = [];
  const end = performance.now() + 2_000;
  const lane = async () => {
    while (performance.now() < end) {
      codes.push(await hasty.register({ name: "hasty" }).then(String, (error: { code: string }) => error.code));
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  expect(new Set(codes)).toEqual(new Set(["storage_full"]));
  // Windows of a second, and sixteen in a tenth of one.
  expect(codes.length).toBeLessThanOrEqual(4 * patienceLimits.refusals + 16 * 22);
});
