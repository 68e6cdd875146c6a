/** The page's own files, to whoever asks: they hold no secret and nothing of the mesh. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { MeshError } from "../../mesh/errors.ts";

/** A file as it is sent. */
export interface PageFile {
  readonly bytes: Buffer;
  readonly type: string;
}

/** Where they are. */
export interface PageFiles {
  /** Undefined for one that is not there. */
  read(name: string): PageFile | undefined;
}

/** The file that every address of a view is answered with. */
const INDEX = "index.html";

/** Nothing but its own script and style runs or loads, nothing leaves but to this broker, and nobody frames it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // What its tabs share, to read the events once.
  "worker-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "require-trusted-types-for 'script'",
  "trusted-types agentmesh",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Names of files that never change are made of what is in them. */
const ASSETS_CACHE = "public, max-age=31536000, immutable";

/** Serves them; no files where the broker serves no page. */
export function servePage(app: FastifyInstance, files: PageFiles | undefined): void {
  const send = (reply: FastifyReply, name: string, cache: string) => {
    const file = files?.read(name);
    if (file)
      return reply
        .headers({ ...HEADERS, "cache-control": cache })
        .type(file.type)
        .send(file.bytes);
    if (!files) throw new MeshError("no_page", "This broker serves no page: it was started with --no-ui.");
    if (name !== INDEX) throw new MeshError("route_not_found", "The page has no such file. Load it anew: /ui");
    throw new MeshError("no_page", "The page was not built with this broker. In a clone: npx -y pnpm@12 build");
  };
  const view = { exposeHeadRoute: true, config: { page: true, view: true } } as const;
  for (const url of ["/ui", "/ui/*"]) app.get(url, view, (_request, reply) => send(reply, INDEX, "no-cache"));
  app.get<{ Params: { name: string } }>(
    "/ui/assets/:name",
    { exposeHeadRoute: true, config: { page: true } },
    (request, reply) => send(reply, request.params.name, ASSETS_CACHE),
  );
}
