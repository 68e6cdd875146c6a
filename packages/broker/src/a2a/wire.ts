/** The two ways in of A2A 1.0 as they are written: JSON-RPC, and REST by method and path. */
import * as z from "zod";
import { A2A_VERSION } from "./card.ts";
import { A2aRefusal, type Said, saidOf } from "./refusals.ts";

const REST_MEDIA_TYPE = "application/a2a+json";

/** What is asked for. */
export interface Asked {
  readonly method: string;
  readonly params: unknown;
}

const RpcId = z.union([z.string(), z.number(), z.null()]);
const RpcRequest = z.object({
  jsonrpc: z.literal("2.0"),
  id: RpcId,
  method: z.string().min(1).max(128),
  params: z.unknown().optional(),
});

/** The id of a JSON-RPC request, also of one that cannot be read otherwise. */
export type RpcId = z.infer<typeof RpcId>;

/** Whoever names no version means 0.3, as A2A says. @throws A2aRefusal VERSION_NOT_SUPPORTED */
export function checkVersion(named: string | undefined): void {
  if (named?.trim() === A2A_VERSION) return;
  const said = named === undefined ? "Without the header A2A-Version 0.3 is meant" : "That version is not spoken here";
  throw new A2aRefusal("VERSION_NOT_SUPPORTED", `${said}. Send: A2A-Version: ${A2A_VERSION}`);
}

/** The id of a request, as far as it has one. */
export function idOf(body: unknown): RpcId {
  const { data } = z.object({ id: RpcId }).safeParse(body);
  return data?.id ?? null;
}

/** A JSON-RPC request. @throws A2aRefusal INVALID_REQUEST */
export function rpcAsked(body: unknown): Asked {
  const { data } = RpcRequest.safeParse(body);
  if (data) return { method: data.method, params: data.params };
  throw new A2aRefusal("INVALID_REQUEST", 'One JSON-RPC request at a time: {"jsonrpc":"2.0","id":…,"method":…}.');
}

/** Its answer, or its refusal. */
export function rpcAnswer(id: RpcId, answer: { readonly result: unknown } | Said): object {
  if ("result" in answer) return { jsonrpc: "2.0", id, result: answer.result };
  const { code, message, details } = answer;
  return { jsonrpc: "2.0", id, error: { code, message, data: details } };
}

/** Statuses that say to come later: who does not is slowed down by them, in whatever form the refusal is. */
const LATER = new Set([429, 503, 507]);

/** The status of a refusal over JSON-RPC, whose errors are answers otherwise. */
export function rpcStatus({ httpStatus }: Said): number {
  return LATER.has(httpStatus) ? httpStatus : 200;
}

/** The refusal of a call by REST. */
export function restRefusal({ httpStatus, status, message, details }: Said): object {
  return { error: { code: httpStatus, status, message, details } };
}

/** How what is told is written: an answer, or one of a stream's updates; and what ends a stream. */
export interface Wire {
  readonly mediaType: string;
  update(body: object): object;
  /** Undefined for an error that is no refusal, which is the broker's own. */
  failure(error: unknown): { readonly event?: string; readonly data: object } | undefined;
}

/** That of JSON-RPC: each is an answer to the one request. */
export function rpcWire(id: RpcId): Wire {
  return {
    mediaType: "application/json; charset=utf-8",
    update: (result) => rpcAnswer(id, { result }),
    failure: (error) => {
      const said = saidOf(error);
      return said && { data: rpcAnswer(id, said) };
    },
  };
}

/** That of REST. */
export const restWire: Wire = {
  mediaType: REST_MEDIA_TYPE,
  update: (body) => body,
  failure: (error) => {
    const said = saidOf(error);
    return said && { event: "error", data: restRefusal(said) };
  },
};

interface Rest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  readonly asks: string;
}

const CONFIGS = "tasks/(?<taskId>[^/:]+)/pushNotificationConfigs";
const rest: readonly Rest[] = [
  { method: "POST", path: /^message:send$/, asks: "SendMessage" },
  { method: "POST", path: /^message:stream$/, asks: "SendStreamingMessage" },
  { method: "GET", path: /^tasks$/, asks: "ListTasks" },
  { method: "GET", path: /^tasks\/(?<id>[^/:]+)$/, asks: "GetTask" },
  { method: "POST", path: /^tasks\/(?<id>[^/:]+):cancel$/, asks: "CancelTask" },
  { method: "POST", path: /^tasks\/(?<id>[^/:]+):subscribe$/, asks: "SubscribeToTask" },
  { method: "GET", path: /^tasks\/(?<id>[^/:]+):subscribe$/, asks: "SubscribeToTask" },
  { method: "POST", path: new RegExp(`^${CONFIGS}$`), asks: "CreateTaskPushNotificationConfig" },
  { method: "GET", path: new RegExp(`^${CONFIGS}$`), asks: "ListTaskPushNotificationConfigs" },
  { method: "GET", path: new RegExp(`^${CONFIGS}/(?<id>[^/:]+)$`), asks: "GetTaskPushNotificationConfig" },
  { method: "DELETE", path: new RegExp(`^${CONFIGS}/(?<id>[^/:]+)$`), asks: "DeleteTaskPushNotificationConfig" },
  { method: "GET", path: /^extendedAgentCard$/, asks: "GetExtendedAgentCard" },
];

/** A call by REST: the body, and what the path names. @throws A2aRefusal METHOD_NOT_FOUND */
export function restAsked(method: string, path: string, body: unknown): Asked {
  for (const each of rest) {
    const groups = each.method === method ? each.path.exec(path) : null;
    if (groups) return { method: each.asks, params: { ...(isObject(body) && body), ...groups.groups } };
  }
  throw new A2aRefusal("METHOD_NOT_FOUND", `A2A 1.0 has no ${method} there.`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
