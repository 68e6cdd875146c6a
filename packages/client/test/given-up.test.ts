/** A caller that gives up finding or starting a broker: it hears at once, and nothing is started for it any more. */
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { listening, programPath, tempDir } from "testkit";
import { expect, test } from "vitest";
import { ensureBroker, FileLock, findBroker, makeStateFolder, openStateFolder } from "../src/node/index.ts";

const REASON = new Error("given up");

/** A port on which connections are taken and nothing is answered; resolves each time when there is one. */
async function silentPort() {
  const connected = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    connected.resolve();
  });
  const port = await listening(server);
  return {
    address: { url: `http://127.0.0.1:${port}`, local: true, namedBy: "--port" },
    connected: connected.promise,
    [Symbol.asyncDispose]: async () => void server.close(),
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
  await using silent = await silentPort();
  const giveUp = new AbortController();
  const found = find(openStateFolder(home.path), silent.address, giveUp.signal);
  await silent.connected;
  giveUp.abort(REASON);
  await expect(found).rejects.toBe(REASON);
});

test("ensureBroker that waits for another starter throws the reason, and starts none when that is gone", async () => {
  using home = tempDir();
  const folder = openStateFolder(home.path);
  makeStateFolder(folder);
  const lock = FileLock.tryTake(folder.startLock);
  const giveUp = new AbortController();
  const address = { url: "http://127.0.0.1:1", local: true } as const;
  const given = { folder, address, brokerBin: programPath("broker"), signal: giveUp.signal };
  const found = ensureBroker(given);
  giveUp.abort(REASON);
  lock?.release();
  await expect(found).rejects.toBe(REASON);
  await expect(ensureBroker(given)).rejects.toBe(REASON);
  expect(existsSync(folder.logFile)).toBe(false);
});
