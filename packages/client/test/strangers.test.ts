/** Who is at the broker's address and is no broker: whatever it does to who asks, it is somebody, and is said to be. */
import { createServer, type Socket } from "node:net";
import { freePort, listening, tempDir } from "testkit";
import { expect, test } from "vitest";
import { findBroker, openStateFolder, requireBroker } from "../src/node/index.ts";

/** What programs do with a request that is not for them. */
const strangers: readonly (readonly [string, (socket: Socket) => void])[] = [
  ["greets, as ssh and mail do", (socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n")],
  ["answers in another protocol", (socket) => socket.once("data", () => socket.write("-ERR unknown command\r\n"))],
  ["hangs up without a word", (socket) => socket.once("data", () => socket.end())],
  ["hangs up at once", (socket) => socket.end()],
  ["resets the connection", (socket) => socket.once("data", () => socket.resetAndDestroy())],
  ["says something and hangs up before it was asked", (socket) => socket.end("not for you\n")],
  ["sends on to another address", answering("302 Found", "location: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")],
  ["knows no such page", answering("404 Not Found", "content-length: 4\r\n\r\nnone")],
  ["has a page for everything", answering("200 OK", "content-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")],
];

function answering(status: string, rest: string): (socket: Socket) => void {
  return (socket) => socket.once("data", () => socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${rest}`));
}

test.each(strangers)("a program that %s is another program, and not nobody", async (_, does) => {
  using home = tempDir();
  const folder = openStateFolder(home.path);
  const server = createServer((socket) => does(socket.on("error", () => undefined)));
  const url = `http://127.0.0.1:${await listening(server)}`;
  try {
    const named = { url, local: true, namedBy: "AGENTMESH_PORT" };
    await expect(findBroker(folder, named)).rejects.toThrow("taken by a program that is not an agentmesh broker");
    // At an address that nobody named the broker will be elsewhere.
    expect(await findBroker(folder, { url, local: true, unnamed: true })).toBeUndefined();
    await expect(requireBroker(folder, { url, local: true, unnamed: true })).rejects.toThrow(
      "belongs to another program. Start it with: agentmesh up (it takes another port by itself)",
    );
  } finally {
    server.close();
  }
});

test("a port where nobody listens is nobody's", async () => {
  using home = tempDir();
  const named = { url: `http://127.0.0.1:${await freePort()}`, local: true, namedBy: "AGENTMESH_PORT" };
  expect(await findBroker(openStateFolder(home.path), named)).toBeUndefined();
});
