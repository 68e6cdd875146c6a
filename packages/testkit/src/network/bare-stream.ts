/** A push stream on a bare socket that nobody reads: what comes stays in the socket. */
import { connect, type Socket } from "node:net";
import type { TestAgent, TestBroker } from "../start-test-broker.ts";

/** Opens a session of the agent and its stream; `query` are further terms of it. Destroyed on dispose. */
export async function bareStream(
  broker: TestBroker,
  { client, token }: TestAgent,
  query: string,
): Promise<{ readonly raw: Socket } & Disposable> {
  const { session } = await client.openSession();
  const raw = connect(broker.port, "127.0.0.1");
  raw.pause();
  raw.on("error", () => raw.destroy());
  const path = `/v1/inbox/stream?session=${session.id}&${query}`;
  raw.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${broker.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return { raw, [Symbol.dispose]: () => void raw.destroy() };
}
