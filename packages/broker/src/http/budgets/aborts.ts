/** What a connection leaves behind when it is closed: an error for each request that was not answered, made by Node. */
import type { Socket } from "node:net";

/**
 * Has Node make these errors without looking where it stands, which is dearer than the request itself: of a connection that
 * has asked hundreds of things at once that would hold the event loop. To be called as soon as the server knows the connection.
 */
export function abortCheaply(socket: Socket): void {
  let limit = Error.stackTraceLimit;
  // Around Node's own listener, which is there already; those of others come behind both.
  socket.prependListener("close", () => {
    limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  socket.on("close", () => {
    Error.stackTraceLimit = limit;
  });
}
