/** CloudEvents 1.0 as they are published: the envelope in the body, or in headers beside the data, and the message that it becomes. */
import { createHash } from "node:crypto";
import { CLOUDEVENTS_MEDIA_TYPE } from "@agentmesh/protocol";
import * as z from "zod";
import { MeshError } from "../mesh/errors.ts";
import { textOf } from "./text-of.ts";
import { word } from "./words.ts";

/** What came, its body read by its content type. */
export interface Arrived {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** A message to publish, as the row's schema has it. */
export interface EventMessage {
  readonly body: string;
  readonly idempotencyKey: string;
}

const attribute = z.string().min(1).max(1_024);

const Event = z.object({
  specversion: z.literal("1.0"),
  id: attribute,
  source: attribute,
  type: attribute,
  subject: z.string().max(1_024).optional(),
  datacontenttype: z.string().max(200).optional(),
  data: z.unknown().optional(),
  data_base64: z.base64().optional(),
});
type Event = z.infer<typeof Event>;

/** The header that says that the envelope is in the headers. */
const MARK = "ce-specversion";

/** Whether a request says that it is one. */
export function isCloudEvent({ headers }: Pick<Arrived, "headers">): boolean {
  return headers[MARK] !== undefined || isStructured(headers["content-type"]);
}

/** Whether the content type is that of an event with its envelope in the body. */
export function isStructured(contentType: string | string[] | undefined): boolean {
  return typeof contentType === "string" && mediaType(contentType) === CLOUDEVENTS_MEDIA_TYPE;
}

/** The message of an event; the same `source` and `id` are the same one. @throws MeshError invalid_request */
export function messageOf(arrived: Arrived): EventMessage {
  const { data: event, error } = Event.safeParse(
    isStructured(arrived.headers["content-type"]) ? arrived.body : binary(arrived),
  );
  if (!event) {
    const names = [...new Set(error.issues.map(({ path }) => path.join(".") || "the event"))].join(", ");
    throw new MeshError(
      "invalid_request",
      `The event is not as CloudEvents 1.0 says: ${names}. Nothing was stored. It needs specversion 1.0, id, source and type, of 1,024 characters at most.`,
    );
  }
  const { type, source, subject } = event;
  const about = word({ subject }, "subject");
  const head = `CloudEvent ${word({ type }, "type")} from ${word({ source }, "source")}${about ? `: ${about}` : ""}`;
  const text = dataText(event);
  return {
    body: `${head}${text === undefined ? "" : `\n\n${text}`}`.toWellFormed().replaceAll("\0", "\ufffd"),
    idempotencyKey: `ce-${createHash("sha256")
      .update(JSON.stringify([source, event.id]))
      .digest("base64url")}`,
  };
}

/** The envelope of headers; their values are percent-encoded. */
function binary({ headers, body }: Arrived): Record<string, unknown> {
  const envelope = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith("ce-") && typeof value === "string" ? [[name.slice(3), decoded(value)] as const] : [],
  );
  return { ...Object.fromEntries(envelope), datacontenttype: headers["content-type"], data: body };
}

function dataText({ data, data_base64: base64, datacontenttype = "application/json" }: Event): string | undefined {
  if (base64 !== undefined) {
    const bytes = Buffer.from(base64, "base64");
    const text = bytes.toString("utf8");
    const isText = !text.includes("\ufffd") && !text.includes("\0");
    return isText ? text : `${bytes.length} bytes of ${word({ datacontenttype }, "datacontenttype")}`;
  }
  return data === undefined || data === null || data === "" ? undefined : textOf(data);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function mediaType(contentType: string): string {
  return contentType.split(";")[0]?.trim().toLowerCase() ?? "";
}
