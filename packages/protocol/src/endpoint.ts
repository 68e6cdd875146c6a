/** What an endpoint of the wire is. */
import * as z from "zod";
import type { ErrorCode } from "./errors.ts";

/**
 * Who may call: nobody needs a token (`public`), an agent's token (`agent`), the mesh key (`key`), either (`any`), or a browser that is
 * signed in (`page`).
 */
export type Access = "public" | "agent" | "key" | "any" | "page";

/** One endpoint of the wire. */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** A machine credential may call it too: for the agents of its machine, and nothing else. */
  readonly machine?: true;
  /**
   * The page may call it, from its own origin: as the operator, and where an agent's token is asked for as the person. One that is
   * signed in to look may where it is a GET.
   */
  readonly page?: true;
  /** May be sent again when its answer was lost. */
  readonly repeatable: boolean;
  /** How long the broker itself may wait for somebody else before it answers, in milliseconds. */
  readonly takesMs?: number;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The body may be a CloudEvent instead, which becomes one of these. */
  readonly takesEvents?: true;
  /** The body is taken as the bytes that came: its signature is over them. */
  readonly isSigned?: true;
  readonly status: 200 | 201 | 202;
  readonly reply: z.ZodType;
  /** Codes beside those every endpoint may answer (`commonErrors`). */
  readonly errors: readonly ErrorCode[];
  /** The reply is a `text/event-stream` of these: the name of each event, and its data as JSON. */
  readonly stream?: z.ZodType;
}

/** Codes that every endpoint may answer. */
export const commonErrors = [
  "invalid_request",
  "unauthenticated",
  "forbidden",
  "forbidden_origin",
  "forbidden_host",
  "body_too_large",
  "unsupported_media_type",
  "unsupported_protocol",
  "too_much_at_once",
  "internal",
  "shutting_down",
  "store_unavailable",
  "storage_full",
] as const satisfies readonly ErrorCode[];

/** A row of the table, with its exact types. */
export function endpoint<const E extends Endpoint>(row: E): E {
  return row;
}

/** A number in a query. */
export const number = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** An opaque place in an ordered listing. */
export const cursor = z.string().min(1).max(128);
