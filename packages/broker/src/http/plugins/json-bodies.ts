/** Request bodies: JSON in UTF-8, and nothing is put in the place of bytes that are not. */

import { plainLine } from "@agentmesh/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isCloudEvent } from "../../hooks/cloud-event.ts";
import { MeshError } from "../../mesh/errors.ts";
import { httpLimits } from "../budgets/limits.ts";
import { isPoisoned, type Misshapen, mayBePoisoned, misshapen } from "./json-shape.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The body is taken as it came. */
    readonly isSigned?: boolean;
    /** The body may be a CloudEvent. */
    readonly takesEvents?: boolean;
  }
}

type Done = (error: Error | null, body?: unknown) => void;

/** What is written in JSON; which of them a route takes is said by the guard. */
const JSON_TYPES = /^application\/[a-z0-9.-]+\+json\s*(;|$)/i;

/** Parses JSON bodies. Fastify would store U+FFFD for what is no UTF-8; here it is refused, as is a
 * key that stands twice, and more nesting or keys than any request needs. */
export function jsonBodies(app: FastifyInstance): void {
  const read = (request: FastifyRequest, bytes: string | Buffer, done: Done) => {
    // Who is to prove it needs what was sent, byte by byte; it is parsed when it is proven.
    if (request.routeOptions.config.isSigned) return done(null, bytes);
    if (bytes.length === 0 && isCloudEvent(request)) return done(null);
    let body: unknown;
    try {
      body = bodyOf(bytes);
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)));
    }
    return done(null, body);
  };
  // By its name it takes the place of Fastify's own.
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, read);
  app.addContentTypeParser(JSON_TYPES, { parseAs: "buffer" }, read);
  // The data of an event.
  app.addContentTypeParser("text/plain", { parseAs: "buffer" }, (_request, bytes, done) => {
    const text = utf8(bytes);
    if (text !== undefined) return done(null, text);
    return done(new MeshError("invalid_request", "The data of the event is not UTF-8. Nothing was stored."));
  });
}

/** What a request says in its body. @throws MeshError invalid_request */
export function bodyOf(bytes: string | Buffer): unknown {
  if (bytes.length === 0) throw invalid("The body is empty; send a JSON object.");
  try {
    return jsonOf(bytes);
  } catch (error) {
    throw error instanceof SyntaxError ? invalid("The body is not valid JSON.") : error;
  }
}

/** The JSON of a body, by the same rules. @throws MeshError invalid_request, SyntaxError */
export function jsonOf(bytes: string | Buffer): unknown {
  const text = utf8(bytes);
  if (text === undefined) throw notUtf8();
  const trouble = misshapen(text);
  // Before it is parsed: that is what would be dear.
  if (trouble && trouble.why !== "twice") throw refusal(trouble);
  const body: unknown = JSON.parse(text);
  if (trouble) throw refusal(trouble);
  if (mayBePoisoned(text) && isPoisoned(body)) throw new SyntaxError("It has a key that would change a prototype.");
  return body;
}

function notUtf8(): MeshError {
  return invalid("The body is not UTF-8. Nothing was stored. Send the JSON encoded as UTF-8.");
}

function refusal(trouble: Misshapen): MeshError {
  switch (trouble.why) {
    case "too deep":
      return invalid(
        `The body is nested deeper than ${httpLimits.jsonDepth} levels. Nothing was stored. No request needs that; put such data into the text of a message.`,
      );
    case "too many keys":
      return invalid(
        `The body has more than ${httpLimits.jsonKeys.toLocaleString("en")} keys. Nothing was stored. No request needs that; put such data into the text of a message.`,
      );
    case "twice":
      return invalid(
        `The key "${plainLine(trouble.key, 60)}" stands twice in one object. Nothing was stored. Send it once.`,
      );
  }
}

function invalid(detail: string): MeshError {
  return new MeshError("invalid_request", detail);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function utf8(bytes: string | Buffer): string | undefined {
  if (typeof bytes === "string") return bytes;
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
