/** Request bodies: JSON in UTF-8, and nothing is put in the place of bytes that are not. */

import { plainLine } from "@agentmesh/protocol";
import type { FastifyInstance } from "fastify";
import { MeshError } from "../../mesh/errors.ts";
import { duplicateKey } from "./duplicate-key.ts";

/** Parses JSON bodies. Fastify would store U+FFFD for what is no UTF-8; here it is refused, as is a
 * key that stands twice. */
export function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    const text = utf8(bytes);
    if (text === undefined) {
      return done(
        new MeshError("invalid_request", "The body is not UTF-8. Nothing was stored. Send the JSON encoded as UTF-8."),
      );
    }
    return parse(request, text, (error, body) => {
      const twice = error ? undefined : duplicateKey(text);
      if (twice === undefined) return done(error, body);
      const key = plainLine(twice, 60);
      done(
        new MeshError(
          "invalid_request",
          `The key "${key}" stands twice in one object. Nothing was stored. Send it once.`,
        ),
      );
    });
  });
}

function utf8(bytes: string | Buffer): string | undefined {
  if (typeof bytes === "string") return bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
