/** What is asked for in the revision 2026-07-28 alone: what the server is, and events. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import type { Request } from "../wire/message.ts";
import { ERROR } from "../wire/request-error.ts";
import { type EventCallbacks, subscribeEvents, unsubscribeEvents } from "./event-callbacks.ts";
import { EventRefusal } from "./event-refusal.ts";
import { listEvents, pollEvents, streamEvents } from "./events.ts";
import { discovered, KEPT_MS, modernAnswer } from "./modern.ts";

/** With what a call is answered. */
export interface ModernCall {
  readonly request: Request;
  readonly client: MeshClient;
  /** Webhooks to which events are posted. */
  readonly callbacks: EventCallbacks;
  /** Aborts when nobody is there any more, or the broker stops. */
  readonly gone: AbortSignal;
  /** Before the answer; undefined where the client takes none. */
  readonly tell: ((notification: object) => void) | undefined;
}

/** Whether it is answered here, and not by the tools. */
export function isOwn({ method }: Request): boolean {
  return !method.startsWith("tools/");
}

/** The answer. Never rejects. */
export async function modernCall(call: ModernCall): Promise<object> {
  const { id, method } = call.request;
  try {
    return modernAnswer({ jsonrpc: "2.0", id, result: await resultOf(call) }, method);
  } catch (error) {
    return { jsonrpc: "2.0", id, error: refusalOf(error) };
  }
}

async function resultOf({ request, client, callbacks, gone, tell }: ModernCall): Promise<Record<string, unknown>> {
  const { id, method, params } = request;
  switch (method) {
    case "server/discover":
      return discovered();
    case "events/list":
      return { ...listEvents(), ttlMs: KEPT_MS, cacheScope: "private" };
    case "events/poll":
      return pollEvents(client, params);
    case "events/stream":
      if (!tell) throw new EventRefusal(ERROR.invalidParams, "A stream needs accept: text/event-stream.");
      await streamEvents(client, { id, params, gone, tell });
      return {};
    case "events/subscribe":
      return subscribeEvents(client, callbacks, params);
    case "events/unsubscribe":
      return unsubscribeEvents(client, callbacks, params);
    default:
      throw new EventRefusal(ERROR.unknownMethod, "agentmesh does not know this method.");
  }
}

function refusalOf(error: unknown): object {
  if (error instanceof EventRefusal) {
    return { code: error.code, message: error.message, ...(error.data && { data: error.data }) };
  }
  const message = error instanceof MeshApiError ? error.message : "The broker does not answer. Ask again.";
  return { code: ERROR.internal, message };
}
