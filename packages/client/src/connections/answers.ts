/** What one call is as a request, and its answer as a reply or a problem. */
import { type Endpoint, type EndpointReply, inWords, Problem } from "@agentmesh/protocol";
import type { DirectAnswer } from "../direct-answer.ts";
import { BrokerUnreachableError, MeshApiError } from "../errors.ts";
import { unreachable } from "../unreachable.ts";

/** The reply of an answer. @throws BrokerUnreachableError where it breaks off, or is none of this protocol */
export async function replyOf<E extends Endpoint>(
  row: E,
  response: DirectAnswer,
  base: string,
): Promise<EndpointReply<E>> {
  let json: unknown;
  try {
    json = await response.json();
  } catch (error) {
    throw unreachable(base, error);
  }
  const reply = row.reply.safeParse(json, inWords);
  if (!reply.success) {
    throw new BrokerUnreachableError(
      `${row.method} ${row.path}: the answer is not of this protocol version (${reply.error.issues[0]?.path.join(".")}: ${reply.error.issues[0]?.message}). Update both sides to one version.`,
    );
  }
  return reply.data as EndpointReply<E>;
}

/** A call as it is written: path, query and body. */
export interface WrittenCall {
  readonly path: string;
  readonly query: string;
  readonly body?: string;
}

/** Writes a call by its row of the table. */
export function writtenCall(row: Endpoint, input: Record<string, unknown>): WrittenCall {
  const rest = { ...input };
  const take = (name: string) => {
    const value = rest[name];
    delete rest[name];
    return value;
  };
  const path = row.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(take(name))));
  const search = new URLSearchParams();
  for (const name of Object.keys(row.query?.shape ?? {})) {
    const value = take(name);
    if (value !== undefined) search.set(name, String(value));
  }
  const query = search.size > 0 ? `?${search}` : "";
  return row.body ? { path, query, body: JSON.stringify(rest) } : { path, query };
}

/** How long a call asks the broker to wait, in milliseconds. */
export function waitMsOf(input: Record<string, unknown>): number {
  return typeof input.waitMs === "number" ? input.waitMs : 0;
}

/** The error of an answer that is no success. */
export async function problemOf(response: DirectAnswer, base: string): Promise<Error> {
  const text = await response.text().catch(() => "");
  try {
    return new MeshApiError(Problem.parse(JSON.parse(text)));
  } catch {
    return new BrokerUnreachableError(
      `${base} answered ${response.status}, but not as an agentmesh broker of this version. Is another program on that port?`,
      // A proxy in front of a broker that starts says so for a moment.
      { passes: response.status >= 500 },
    );
  }
}
