/** One text into the inbox socket of a client's session, whole or not at all. */
import { connect } from "node:net";

const TIMEOUT_MS = 2_000;

/**
 * Connects, writes, ends; resolves when all was flushed and the other side has closed, or has not within the time: what
 * it was given whole must not be pushed again at once. A reset says that something of the text was left unread.
 */
export function writeWhole(socketPath: string, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let flushed = false;
    const socket = connect(socketPath, () => socket.end(data));
    const timer = setTimeout(() => {
      if (flushed) socket.destroy();
      else socket.destroy(new Error(`the inbox socket did not take the text within ${TIMEOUT_MS} ms`));
    }, TIMEOUT_MS);
    socket.resume();
    socket.once("finish", () => {
      flushed = true;
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      if (flushed) resolve();
      else reject(new Error("the inbox socket closed before the text was written"));
    });
  });
}
