/** The server of the bare side: a message goes to whoever listens, and is kept nowhere. Tells its port to its parent. */
import { createServer, type ServerResponse } from "node:http";
import * as z from "zod";

const Message = z.object({ to: z.string(), body: z.string() });

/** Streams by name; those of `NAME/…` listen to NAME together. */
const streams = new Map<string, Set<ServerResponse>>();
let sent = 0;

const server = createServer((request, response) => {
  const [, noun = "", name = ""] = (request.url ?? "").split("/");
  if (request.method === "GET" && noun === "streams") {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
    response.flushHeaders();
    const listeners = streams.get(name) ?? new Set();
    streams.set(name, listeners.add(response));
    response.once("close", () => listeners.delete(response));
    return;
  }
  let text = "";
  request.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  request.on("end", () => {
    if (noun === "messages") deliver(text);
    const reply = JSON.stringify({ ok: true, id: sent });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(reply) };
    response.writeHead(202, headers).end(reply);
  });
});

function deliver(text: string): void {
  const { to, body } = Message.parse(JSON.parse(text));
  const id = `dlv_${String(++sent).padStart(32, "0")}`;
  const event = `event: delivery\nid: ${sent}\ndata: ${JSON.stringify({ id, message: { to, body } })}\n\n`;
  for (const stream of streams.get(to) ?? []) stream.write(event);
}

// A lane may have nothing to do for as long as the other sides have their turns.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
process.once("disconnect", () => process.exit());
process.once("SIGTERM", () => process.exit());
