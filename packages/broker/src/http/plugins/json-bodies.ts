/** Request bodies: JSON in UTF-8, and nothing is put in the place of bytes that are not. */
import type { FastifyInstance } from "fastify";
import { MeshError } from "../../mesh/errors.ts";

/** Parses JSON bodies. Fastify would store U+FFFD for what is no UTF-8; here it is refused. */
export function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    const text = utf8(bytes);
    if (text !== undefined) return parse(request, text, done);
    done(
      new MeshError("invalid_request", "The body is not UTF-8. Nothing was stored. Send the JSON encoded as UTF-8."),
    );
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
