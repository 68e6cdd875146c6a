/** Load on many webhooks: one sender at a steady rate, one receiver for all that answer, and a place that never does. */
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { MeshClient } from "@agentmesh/client";
import { until } from "../until.ts";

/** A running load. */
export interface WebhookLoad extends AsyncDisposable {
  /** How many connections the place that never answers has taken. */
  readonly swallowed: () => number;
  /**
   * Sends `messages` at `perSecond`, in turn to each of the agents, and one more with each hundredth to an agent whose
   * webhook never answers with `blackHole`, and does like the others without. Returns how long each of the others took
   * from the send to its post, in milliseconds.
   */
  run(terms: { messages: number; perSecond: number; blackHole: boolean }): Promise<number[]>;
}

const SHARE = 100;

/** Registers `good` agents with webhooks that answer, and one more for the black hole. */
export async function openWebhookLoad(
  admin: MeshClient,
  as: (token: string) => MeshClient,
  good: number,
): Promise<WebhookLoad> {
  const sentAt = new Map<string, number>();
  let latencies: number[] = [];
  const receiver = createHttpServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const [key = ""] = /load-\d+/.exec(body) ?? [];
      const began = sentAt.get(key);
      if (began !== undefined && sentAt.delete(key)) latencies.push(performance.now() - began);
      response.writeHead(204).end();
    });
  });
  const sockets = new Set<Socket>();
  let swallowed = 0;
  const blackHole = createTcpServer((socket) => {
    swallowed++;
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  const listening = [receiver, blackHole].map(
    (server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)),
  );
  await Promise.all(listening);
  const urlOf = (server: { address(): unknown }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { token = "" } = await admin.register({ name: "load-sender" });
  const sender = as(token);
  const names = Array.from({ length: good }, (_, i) => `load-good-${i}`);
  for (const [i, name] of names.entries()) {
    await admin.register({ name });
    await admin.setWebhook({ agent: name, url: `${urlOf(receiver)}/${i}` });
  }
  await admin.register({ name: "load-black-hole" });
  let sent = 0;

  async function sendOne(to: string): Promise<void> {
    const key = `load-${++sent}`;
    if (to !== "load-black-hole") sentAt.set(key, performance.now());
    await sender.send({ to, body: `${key} ${"x".repeat(500)}` });
  }

  return {
    swallowed: () => swallowed,
    async run({ messages, perSecond, blackHole: withHole }) {
      await admin.setWebhook({ agent: "load-black-hole", url: urlOf(withHole ? blackHole : receiver) });
      latencies = [];
      const sends: Promise<void>[] = [];
      const began = performance.now();
      for (let i = 0; i < messages; i++) {
        const wait = began + (i * 1_000) / perSecond - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        sends.push(sendOne(names[i % names.length] ?? ""));
        if (i % SHARE === 0) sends.push(sendOne("load-black-hole"));
      }
      await Promise.all(sends);
      await until(() => latencies.length === messages, "every post", 60_000);
      return latencies;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      receiver.closeAllConnections();
      await Promise.all([receiver, blackHole].map((server) => new Promise((done) => server.close(done))));
    },
  };
}
