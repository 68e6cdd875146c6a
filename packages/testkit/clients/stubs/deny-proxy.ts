/** A proxy that refuses every host and keeps what was asked for: clients under test reach loopback only. */
import { createServer } from "node:http";
import { listening } from "testkit";

/** A running proxy. */
export interface DenyProxy extends AsyncDisposable {
  readonly url: string;
  /** Hosts that clients tried to reach, each once. */
  readonly refused: ReadonlySet<string>;
}

/** Serves the proxy on a free port. */
export async function serveDenyProxy(): Promise<DenyProxy> {
  const refused = new Set<string>();
  const server = createServer((request, response) => {
    refused.add(URL.canParse(request.url ?? "") ? new URL(request.url ?? "").host : (request.headers.host ?? "?"));
    response.writeHead(403).end("this test reaches no other host");
  });
  server.on("connect", (request, socket) => {
    refused.add(request.url ?? "?");
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  server.on("clientError", (_, socket) => socket.destroy());
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
