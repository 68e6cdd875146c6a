/**
 * A JSON-RPC message out of a line. What can be served is served, what cannot is answered: whoever is answered nothing
 * waits until its timeout.
 */
import { inWords, plainLine, wrongValues, wrongValueText } from "@agentmesh/protocol";
import * as z from "zod";
import { type Line, MAX_LINE_BYTES } from "./lines.ts";
import { ERROR } from "./request-error.ts";

const Id = z.union([z.string(), z.int()]);
/** Names a request until it is answered. */
export type Id = z.infer<typeof Id>;

const Meta = z.looseObject({ progressToken: z.union([z.string(), z.int()]).optional() });
const Params = z.looseObject({ _meta: Meta.optional() });
/** What a request or a notification says, by name. */
export type Params = z.infer<typeof Params>;

const Notification = z.object({ jsonrpc: z.literal("2.0"), method: z.string(), params: Params.optional() });
/** What nobody answers. */
export type Notification = z.infer<typeof Notification>;

const Request = Notification.extend({ id: Id });
/** What is answered under its id. */
export type Request = z.infer<typeof Request>;

const Answer = z
  .object({
    jsonrpc: z.literal("2.0"),
    id: Id.nullish(),
    result: z.record(z.string(), z.unknown()).optional(),
    error: z.object({ code: z.int(), message: z.string() }).optional(),
  })
  .refine(({ result, error }) => (result === undefined) !== (error === undefined));
/** A result or an error; without an id where the request's could not be read (MCP 2025-11-25, base protocol). */
export type Answer = z.infer<typeof Answer>;

/** What goes over the wire, either way. */
export type Message = Notification | Request | Answer;

/** An answer that the reader itself gives. */
export type Refusal = Answer & { readonly error: { readonly code: number; readonly message: string } };

/** What a line is: a message; one to be refused; or one that nobody waits for and that means nothing here. */
export type Read =
  | { readonly kind: "message"; readonly message: Message; readonly dropped: readonly string[] }
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
    return refuse(undefined, "a line that is not JSON: one message a line", ERROR.unparsable);
  }
  if (Array.isArray(value)) return refuse(undefined, "batches are not taken: send one message a line");
  const { data: fields } = Fields.safeParse(value);
  if (!fields) return refuse(undefined, "a message is a JSON object");
  return "method" in fields ? readRequest(fields) : readAnswer(fields);
}

function readRequest(fields: Record<string, unknown>): Read {
  const { id, params } = fields;
  const refused = (why: string, code?: number): Read =>
    "id" in fields ? refuse(EchoedId.safeParse(id).data, why, code) : { kind: "nothing", why };
  if ("id" in fields && !Id.safeParse(id).success) {
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
  const { data: message, error } = ("id" in kept ? Request : Notification).safeParse(kept, inWords);
  if (!message) return refused(wrongValueText(wrongValues(error)), ERROR.invalidParams);
  return { kind: "message", message, dropped };
}

/** An answer to a request of ours: what is wrong with it, nobody waits to hear. */
function readAnswer(fields: Record<string, unknown>): Read {
  if (!("result" in fields || "error" in fields)) {
    return refuse(EchoedId.safeParse(fields.id).data, "a message has method, result or error");
  }
  const { kept, dropped } = keep(fields, KINDS.answer);
  const { data: message } = Answer.safeParse(kept);
  return message ? { kind: "message", message, dropped } : { kind: "nothing", why: "an answer that is none" };
}

function keep(fields: Record<string, unknown>, known: readonly string[]) {
  const kept = Object.fromEntries(Object.entries(fields).filter(([name]) => known.includes(name)));
  return { kept, dropped: Object.keys(fields).filter((name) => !known.includes(name)) };
}

function refuse(id: string | number | null | undefined, why: string, code: number = ERROR.invalidRequest): Read {
  const error = { code, message: `agentmesh cannot read this message: ${why}.` };
  return { kind: "refused", answer: { jsonrpc: "2.0", ...(id !== undefined && { id }), error } };
}
