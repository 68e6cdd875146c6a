/** The outside world's end of a webhook: an HTTP server that keeps what it is posted and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One post as it came in. */
export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When its body was complete (performance.now()). */
  readonly at: number;
}

/** Answers a post: with a status, or as it likes. */
export type Answering = number | ((post: Posted, response: ServerResponse, n: number) => unknown);

/** A running receiver. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Posts in the order they came. */
  readonly posts: Posted[];
  /** How many connections were made to it. */
  readonly connections: () => number;
  /** How the next posts are answered. */
  answer(how: Answering): void;
}

/** Opens a receiver on a free port, or on one that it had before. */
export async function openWebhookReceiver(
  answer: Answering = 204,
  { port = 0, host = "127.0.0.1" }: { readonly port?: number; readonly host?: string } = {},
): Promise<WebhookReceiver> {
  const posts: Posted[] = [];
  let how = answer;
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path = "", headers } = request;
      const post = { path, headers, body: Buffer.concat(chunks).toString("utf8"), at: performance.now() };
      posts.push(post);
      if (typeof how === "number") response.writeHead(how).end();
      else how(post, response, posts.length);
    });
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const own = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${own}/hook`,
    port: own,
    posts,
    connections: () => connections,
    answer: (next) => {
      how = next;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
