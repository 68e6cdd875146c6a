/** The guard in front of everything: a page in the owner's browser must not drive the broker, but for the broker's own. */
import type { IncomingMessage } from "node:http";
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from "@agentmesh/protocol";
import type { FastifyContextConfig, FastifyInstance } from "fastify";
import { isCloudEvent } from "../../hooks/cloud-event.ts";
import { MeshError } from "../../mesh/errors.ts";
import { headerCount } from "../header-count.ts";
import { isSecure } from "../servers.ts";
import { missing } from "./problem.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The broker's own page may ask for it. */
    readonly page?: boolean;
    /** It is a document: a link on another site may lead there. */
    readonly view?: boolean;
    /** A media type of JSON that is taken beside the usual one. */
    readonly mediaType?: string;
  }
}

/** What the broker is called. */
export interface OwnNames {
  readonly allowedHosts: (isSecure: boolean) => ReadonlySet<string>;
  readonly schemes: (isSecure: boolean) => readonly string[];
}

/** What a route says of itself to the guard. */
export type Guarded = Pick<FastifyContextConfig, "page" | "view" | "mediaType" | "takesEvents">;

/** Looks at the head of a request before anything of it is done. @throws MeshError */
export type Guard = (request: IncomingMessage, route: Guarded) => void;

/** Refuses foreign Host, any Origin but the page's own where the page may ask, cross-site fetches, other content than JSON, other protocol versions. */
export function guardOf({ allowedHosts, schemes }: OwnNames): Guard {
  return (request, route) => {
    const overTls = isSecure(request.socket);
    checkHost(request, allowedHosts(overTls));
    checkOrigin(request, route, schemes(overTls));
    checkContentType(request, route);
    const protocol = request.headers[PROTOCOL_HEADER];
    if (protocol !== undefined && protocol !== OURS) {
      throw new MeshError(
        "unsupported_protocol",
        `This broker speaks protocol ${PROTOCOL_VERSION}, the client ${protocol}. Update the older of the two.`,
      );
    }
  };
}

const OURS = String(PROTOCOL_VERSION);

/** Puts the guard in front of all routes of an application. */
export function localOnly(app: FastifyInstance, guard: Guard): void {
  app.addHook("onRequest", async (request) => {
    guard(request.raw, request.routeOptions.config);
    // Before its body is read.
    if (request.is404) throw missing(request);
  });
}

function checkHost(request: IncomingMessage, allowed: ReadonlySet<string>): void {
  if (headerCount(request, "host") !== 1) throw new MeshError("invalid_request", "Send exactly one Host header.");
  const target = request.url ?? "";
  const host = request.headers.host ?? "";
  if (!target.startsWith("/")) throw new MeshError("forbidden_host", "Send the path alone in the request line.");
  if (!allowed.has(host.toLowerCase())) {
    throw new MeshError(
      "forbidden_host",
      `The Host header does not name this broker. Use one of ${[...allowed].join(", ")}, or allow yours with --allowed-hosts.`,
    );
  }
}

function checkOrigin(request: IncomingMessage, route: Guarded, schemes: readonly string[]): void {
  const { origin, host, authorization, "sec-fetch-site": site, "sec-fetch-dest": dest } = request.headers;
  const { page = false, view = false } = route;
  // With a token it is no page of ours: that has none.
  const isOwn = page && authorization === undefined && schemes.some((scheme) => origin === `${scheme}://${host}`);
  const isForeign = site === "cross-site" || site === "same-site";
  const isFollowed = view && dest === "document" && origin === undefined;
  if ((origin !== undefined && !isOwn) || (isForeign && !isFollowed) || request.method === "OPTIONS") {
    throw new MeshError("forbidden_origin", "Requests that come from web pages are refused. Call from a program.");
  }
}

/** What an event may be, or bring beside its headers, which no page sends without being asked for leave. */
const EVENT_TYPES = /^(application\/([a-z0-9.-]+\+)?json|text\/plain)\s*(;|$)/i;

function checkContentType(request: IncomingMessage, route: Guarded): void {
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } = request.headers;
  const hasBody = encoding !== undefined || (length !== undefined && length !== "0");
  if (!hasBody && type === undefined) return;
  if (route.takesEvents && isCloudEvent(request) && EVENT_TYPES.test(type ?? "")) return;
  const { mediaType } = route;
  if (mediaType !== undefined && type?.split(";")[0]?.trim().toLowerCase() === mediaType) return;
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    throw new MeshError("unsupported_media_type", 'Send the body as JSON, with "content-type: application/json".');
  }
}
