/** A proxy that keeps every byte it is sent and answers nothing of use: what is seen here was not kept on the machine. */
import { createServer, type Socket } from "node:net";

/** A running proxy. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** Everything that programs have sent it. */
  seen(): string;
  /** The environment by which programs send all they can through it, loopback not left out. */
  readonly env: Readonly<Record<string, string>>;
}

/** Serves the proxy on a free port. */
export async function openRecordingProxy(): Promise<RecordingProxy> {
  const seen: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      seen.push(bytes);
      socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
  return {
    url,
    seen: () => Buffer.concat(seen).toString("latin1"),
    env: {
      ...Object.fromEntries([...names, ...names.map((name) => name.toLowerCase())].map((name) => [name, url])),
      NODE_USE_ENV_PROXY: "1",
      NO_PROXY: "",
      no_proxy: "",
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
