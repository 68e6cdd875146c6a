/** A caller that gives up finding or starting a broker, or a call of one: it hears at once, and nothing is started for it any more. */
import { existsSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { endpoints } from "@agentmesh/protocol";
import { freePort, listening, programPath, startTestBroker, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { MeshClient } from "../src/index.ts";
import { ensureBroker, FileLock, findBroker, makeStateFolder, openStateFolder } from "../src/node/index.ts";

const REASON = new Error("given up");

/** A port that does so much with each who asks there; `asked` resolves when that many did. */
async function portThat(answers: (socket: Socket) => void) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => {
      answers(socket);
      count += 1;
    });
  });
  const port = await listening(server);
  return {
    address: { url: `http://127.0.0.1:${port}`, local: true, namedBy: "--port" },
    asked: (times: number) => until(() => count >= times, `${times} who ask`),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test.each([
  ["findBroker", findBroker],
  [
    "ensureBroker",
    (folder, address, signal) =>
      ensureBroker({ folder, address, brokerBin: programPath("broker"), ...(signal && { signal }) }),
  ],
] satisfies [string, typeof findBroker][])("%s that asks who does not answer throws the reason", async (_, find) => {
  using home = tempDir();
  await using silent = await portThat(() => undefined);
  const giveUp = new AbortController();
  const found = find(openStateFolder(home.path), silent.address, giveUp.signal);
  await silent.asked(1);
  giveUp.abort(REASON);
  await expect(found).rejects.toBe(REASON);
});

test("an answer that stops in its body is given up like none, and is called silent, not another program", async () => {
  using home = tempDir();
  const folder = openStateFolder(home.path);
  for (const gaveUp of [true, false]) {
    await using half = await portThat((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
    });
    const giveUp = new AbortController();
    const found = findBroker(folder, half.address, giveUp.signal).catch((error: unknown) => error);
    await half.asked(1);
    if (gaveUp) giveUp.abort(REASON);
    const error = await found;
    if (gaveUp) expect(error).toBe(REASON);
    else expect(error).toMatchObject({ message: expect.stringContaining("does not answer within 2 s") });
  }
});

test("ensureBroker that waits for another starter throws the reason, and starts none when that is gone", async () => {
  using home = tempDir();
  const folder = openStateFolder(home.path);
  makeStateFolder(folder);
  const lock = FileLock.tryTake(folder.startLock);
  expect(lock).toBeDefined();
  const url = `http://127.0.0.1:${await freePort()}`;
  let asked = 0;
  const address = {
    get url() {
      asked += 1;
      return url;
    },
    ...{ local: true, namedBy: "--port" },
  };
  const giveUp = new AbortController();
  const given = { folder, address, brokerBin: programPath("broker"), signal: giveUp.signal };
  const found = ensureBroker(given).catch((error: unknown) => error);
  // Asked before the lock is tried, after that, and once more after a rest: each reads the address twice.
  await until(() => asked >= 6, "three looks");
  giveUp.abort(REASON);
  lock?.release();
  expect(await found).toBe(REASON);
  await expect(ensureBroker(given)).rejects.toBe(REASON);
  expect(existsSync(folder.logFile)).toBe(false);
});

test("a call whose broker is looked for ends with its signal, and one that waits for the same search goes on", async () => {
  await using broker = await startTestBroker();
  const searches: PromiseWithResolvers<string>[] = [];
  const client = new MeshClient({
    url: () => {
      const search = Promise.withResolvers<string>();
      searches.push(search);
      return search.promise;
    },
  });
  const giveUp = new AbortController();
  const asks = (signal?: AbortSignal) => client.connection.call(endpoints.livez, {}, { ...(signal && { signal }) });
  const alone = asks(giveUp.signal).catch((error: unknown) => error);
  await until(() => searches.length === 1, "the search");
  giveUp.abort(REASON);
  expect(await alone).toBe(REASON);
  // Nobody waits for it any more, and nobody is told by it later.
  searches[0]?.reject(new Error("found too late"));
  await new Promise((resolve) => setImmediate(resolve));
  const again = new AbortController();
  const given = asks(again.signal).catch((error: unknown) => error);
  const other = asks();
  await until(() => searches.length === 2, "another search");
  again.abort(REASON);
  expect(await given).toBe(REASON);
  searches[1]?.resolve(broker.url);
  await other;
  expect(searches).toHaveLength(2);
});
