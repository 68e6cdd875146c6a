/** The guard in front of everything: a page in the owner's browser must not drive the broker. */

import { PROTOCOL_HEADER, PROTOCOL_VERSION } from "@agentmesh/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { MeshError } from "../../mesh/errors.ts";
import { isSecure } from "../servers.ts";
import { missing } from "./problem.ts";

/** Refuses foreign Host, any Origin, cross-site fetches, other content than JSON, other protocol versions. */
export function localOnly(app: FastifyInstance, allowedHosts: (secure: boolean) => ReadonlySet<string>): void {
  app.addHook("onRequest", async (request) => {
    checkHost(request, allowedHosts(isSecure(request.raw.socket)));
    checkOrigin(request);
    checkContentType(request);
    const protocol = request.headers[PROTOCOL_HEADER];
    if (protocol !== undefined && protocol !== String(PROTOCOL_VERSION)) {
      throw new MeshError(
        "unsupported_protocol",
        `This broker speaks protocol ${PROTOCOL_VERSION}, the client ${protocol}. Update the older of the two.`,
      );
    }
    // Before its body is read.
    if (request.is404) throw missing(request);
  });
}

function checkHost(request: FastifyRequest, allowed: ReadonlySet<string>): void {
  const names = request.raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  if (names.length !== 1) throw new MeshError("invalid_request", "Send exactly one Host header.");
  const target = request.raw.url ?? "";
  const host = request.headers.host ?? "";
  if (!target.startsWith("/")) throw new MeshError("forbidden_host", "Send the path alone in the request line.");
  if (!allowed.has(host.toLowerCase())) {
    throw new MeshError(
      "forbidden_host",
      `The Host header does not name this broker. Use one of ${[...allowed].join(", ")}, or allow yours with --allowed-hosts.`,
    );
  }
}

function checkOrigin(request: FastifyRequest): void {
  const site = request.headers["sec-fetch-site"];
  if (
    request.headers.origin !== undefined ||
    site === "cross-site" ||
    site === "same-site" ||
    request.method === "OPTIONS"
  ) {
    throw new MeshError("forbidden_origin", "Requests that come from web pages are refused. Call from a program.");
  }
}

function checkContentType(request: FastifyRequest): void {
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } = request.headers;
  const hasBody = encoding !== undefined || (length !== undefined && length !== "0");
  if (!hasBody && type === undefined) return;
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    throw new MeshError("unsupported_media_type", 'Send the body as JSON, with "content-type: application/json".');
  }
}
