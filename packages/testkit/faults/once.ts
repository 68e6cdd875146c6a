/** One call without a second try, and what it was answered. */
import { MeshApiError, MeshClient } from "@agentmesh/client";
import type { TestBroker } from "testkit";

/** A client that tries once, and the answer it gets: a code, or "ok". */
export async function once(act: (client: MeshClient) => Promise<unknown>, { url, key }: TestBroker): Promise<string> {
  const client = new MeshClient({ url, token: key, retryForMs: 0, timeoutMs: 60_000 });
  try {
    await act(client);
    return "ok";
  } catch (error) {
    if (!(error instanceof MeshApiError)) return String(error);
    return error.retryable ? error.code : `${error.code}, not retryable`;
  }
}

/** A write that anybody with the key can make. */
export const registers = (client: MeshClient) => client.register({ name: `probe-${crypto.randomUUID().slice(0, 8)}` });
