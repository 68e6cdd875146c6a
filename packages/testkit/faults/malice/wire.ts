/** Bare connections: requests as bytes, answers read, left unread, or never asked for in full. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ground } from "./load.ts";

/** How long connections are tried for; those that the broker does not take are gone then. */
const CONNECT_MS = 5_000;

/** Opens connections; those that are refused or closed at once are among them, destroyed. Paused until they are read. */
export async function connections({ port }: Ground, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => socket.destroy());
    return socket;
  });
  const opened = Promise.all(sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])));
  await Promise.race([opened.catch(() => undefined), sleep(CONNECT_MS, undefined, { ref: false })]);
  return sockets;
}

/** A request as bytes; `content-length` is that of the body unless a header says more. */
export function request(
  { port }: Ground,
  line: string,
  { token, body = "", more = [] }: { token?: string; body?: string; more?: readonly string[] } = {},
): string {
  const announced = more.some((header) => /^(content-length|transfer-encoding):/i.test(header));
  const length = body === "" || announced ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const json = body === "" && !announced ? [] : ["content-type: application/json"];
  const own = token === undefined ? [] : [`authorization: Bearer ${token}`];
  return [`${line} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...own, ...json, ...length, ...more, "", body].join("\r\n");
}

/** Writes to every connection that is still open. */
export function writeAll(sockets: readonly Socket[], text: string): void {
  for (const socket of sockets) if (socket.writable) socket.write(text);
}

/** Connections that the other side has not ended. */
export function open(sockets: readonly Socket[]): number {
  return sockets.filter((socket) => !socket.destroyed && socket.readyState === "open").length;
}

/** Ends connections. */
export function endAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Reads a connection from now on; what it is answered is counted by status. */
export function statuses(sockets: readonly Socket[], count: (status: string) => void): void {
  for (const socket of sockets) {
    socket.setEncoding("latin1").on("data", (text: string) => {
      for (const [, status = ""] of text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) count(status);
    });
    socket.resume();
  }
}

/** Reads a connection from now on, and waits until something came, it ended, or the time was over; whether something came. */
export async function heard(socket: Socket, withinMs: number): Promise<boolean> {
  const over = AbortSignal.timeout(withinMs);
  const come = once(socket, "data", { signal: over }).catch(() => undefined);
  socket.resume();
  await Promise.race([come, once(socket, "close", { signal: over }).catch(() => undefined)]);
  return socket.bytesRead > 0;
}

/** Does `act` every so often until the time is over. */
export async function forMs(ms: number, everyMs: number, act: (round: number) => void | Promise<void>): Promise<void> {
  const end = performance.now() + ms;
  for (let round = 0; performance.now() < end; round++) {
    await act(round);
    await sleep(everyMs);
  }
}
