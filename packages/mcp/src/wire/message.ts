/**
 * A JSON-RPC message out of a line. What can be served is served, what cannot is answered; the SDK would drop both
 * without a word, and the client would wait until its timeout.
 */
import { inWords, plainLine, wrongValues, wrongValueText } from "@agentmesh/protocol";
import { ErrorCode, type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { type Line, MAX_LINE_BYTES } from "./lines.ts";

/** An answer in JSON-RPC's shape; without an id when the request's could not be read (MCP 2025-11-25, base protocol). */
export interface Refusal {
  readonly jsonrpc: "2.0";
  readonly id?: string | number | null;
  readonly error: { readonly code: number; readonly message: string };
}

/** What a line is: a message; one to be refused; or one that nobody waits for and that means nothing here. */
export type Read =
  | { readonly kind: "message"; readonly message: JSONRPCMessage; readonly dropped: readonly string[] }
  | { readonly kind: "refused"; readonly answer: Refusal }
  | { readonly kind: "nothing"; readonly why: string };

const Fields = z.record(z.string(), z.unknown());
const EchoedId = z.union([z.string(), z.number(), z.null()]);
const KINDS = { request: ["jsonrpc", "id", "method", "params"], answer: ["jsonrpc", "id", "result", "error"] };

/** Reads a line; undefined for an empty one. */
export function readMessage(line: Line): Read | undefined {
  if (line.kind === "too-long") {
    const size = `${Math.ceil(line.bytes / 1_048_576)} MiB`;
    return refuse(line.id, `a line of ${size} was skipped: a message has at most ${MAX_LINE_BYTES / 1_048_576} MiB`);
  }
  if (line.text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    return refuse(undefined, "a line that is not JSON: one message a line", ErrorCode.ParseError);
  }
  if (Array.isArray(value)) return refuse(undefined, "batches are not taken: send one message a line");
  const { data: fields } = Fields.safeParse(value);
  if (!fields) return refuse(undefined, "a message is a JSON object");
  return "method" in fields ? readRequest(fields) : readAnswer(fields);
}

function readRequest(fields: Record<string, unknown>): Read {
  const { id, params } = fields;
  const refused = (why: string, code?: ErrorCode): Read =>
    "id" in fields ? refuse(EchoedId.safeParse(id).data, why, code) : { kind: "nothing", why };
  if ("id" in fields && !z.union([z.string(), z.int()]).safeParse(id).success) {
    return refused(`id: ${plainLine(JSON.stringify(id), 60)} is none. Make it a string or a whole number`);
  }
  if (fields.jsonrpc !== "2.0") return refused('jsonrpc: it has to be "2.0"');
  if (typeof fields.method !== "string") return refused("method: it has to be a string");
  const { kept, dropped } = keep(fields, KINDS.request);
  // As with `"arguments": null`: some libraries write what is left out so.
  if (params === null || params === undefined) delete kept.params;
  const { data: own } = Fields.safeParse(params);
  if (own && "task" in own && "id" in fields) {
    // Who declares no tasks processes the request as any other (MCP 2025-11-25, tasks).
    const { task: _, ...rest } = own;
    kept.params = rest;
    dropped.push("params.task");
  }
  const shape = z.looseObject({ params: z.looseObject({ _meta: Meta.optional() }).optional() });
  const wrong = shape.safeParse(kept, inWords);
  if (!wrong.success) return refused(wrongValueText(wrongValues(wrong.error)), ErrorCode.InvalidParams);
  const { data: message, error } = JSONRPCMessageSchema.safeParse(kept);
  if (!message) return refused(wrongValueText(wrongValues(error)), ErrorCode.InvalidParams);
  return { kind: "message", message, dropped };
}

const Meta = z.looseObject({ progressToken: z.union([z.string(), z.int()]).optional() });

/** An answer to a request of ours: what is wrong with it, nobody waits to hear. */
function readAnswer(fields: Record<string, unknown>): Read {
  if (!("result" in fields || "error" in fields)) {
    return refuse(EchoedId.safeParse(fields.id).data, "a message has method, result or error");
  }
  const { kept, dropped } = keep(fields, KINDS.answer);
  const { data: message } = JSONRPCMessageSchema.safeParse(kept);
  return message ? { kind: "message", message, dropped } : { kind: "nothing", why: "an answer that is none" };
}

function keep(fields: Record<string, unknown>, known: readonly string[]) {
  const kept = Object.fromEntries(Object.entries(fields).filter(([name]) => known.includes(name)));
  return { kept, dropped: Object.keys(fields).filter((name) => !known.includes(name)) };
}

function refuse(id: string | number | null | undefined, why: string, code: ErrorCode = ErrorCode.InvalidRequest): Read {
  const error = { code, message: `agentmesh cannot read this message: ${why}.` };
  return { kind: "refused", answer: { jsonrpc: "2.0", ...(id !== undefined && { id }), error } };
}
