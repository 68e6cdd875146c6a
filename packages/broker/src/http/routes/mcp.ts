/** MCP over Streamable HTTP at `/mcp`: the adapter's tools for clients that cannot start a process. Loaded when somebody asks. */
import type { Endpoint } from "@agentmesh/protocol";
import type { EventCallbacks, HttpSessions, Replying } from "agentmesh-mcp/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { MeshError } from "../../mesh/errors.ts";
import { whenAnswered } from "../ends.ts";
import type { AuthenticateHooked } from "../plugins/auth.ts";

/** What it takes. */
export interface McpParts {
  readonly authenticate: AuthenticateHooked;
  /** Where this broker is reached. */
  readonly url: () => string;
  /** MCP Events are served, too, with these webhooks. */
  readonly events: EventCallbacks | undefined;
  /** Aborted when the broker stops. */
  readonly closing: AbortSignal;
}

const PATH = "/mcp";
/** Whose it is: no row of the contract, for what is said over it is MCP's. */
const ROW: Endpoint = {
  ...{ method: "POST", path: PATH, summary: "MCP over Streamable HTTP", access: "agent" },
  ...{ repeatable: false, status: 200, reply: z.unknown(), errors: [] },
};
const SESSION = "mcp-session-id";
/** As the specification has it: visible ASCII. */
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;
/** Most bytes of an open answer that wait to be read. */
const MOST_UNREAD = 131_072;
const OTHERS = ["GET", "HEAD", "PUT", "PATCH"] as const;

/** Serves it. */
export function mcpRoutes(app: FastifyInstance, { authenticate, url, events, closing }: McpParts): void {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    await authenticate(request.raw, reply.raw, ROW);
  };
  let loaded: Promise<HttpSessions> | undefined;
  const sessions = () => {
    loaded ??= import("agentmesh-mcp/http").then(
      ({ HttpSessions }) =>
        new HttpSessions({ url: url(), events, onLog: (line) => app.log.info({ line: line.trim() }, "mcp.session") }),
    );
    return loaded;
  };
  closing.addEventListener("abort", () => void loaded?.then((each) => each.close()), { once: true });

  app.route({
    ...{ method: "POST", url: PATH, config: { isSigned: true }, onRequest },
    handler: async (request, reply) => {
      const text = Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "";
      const header = (name: string) => {
        const value = request.headers[name];
        return typeof value === "string" ? value : undefined;
      };
      const posted = {
        ...{ token: tokenOf(request), sessionId: sessionOf(request), text },
        ...{ revision: header("mcp-protocol-version"), method: header("mcp-method"), name: header("mcp-name") },
      };
      await (await sessions()).take(posted, replying(request, reply));
      return reply;
    },
  });
  app.route({
    ...{ method: "DELETE", url: PATH, onRequest },
    handler: async (request, reply) => {
      const sessionId = sessionOf(request);
      if (loaded && sessionId !== undefined) await (await loaded).end(tokenOf(request), sessionId);
      return reply.code(204).send();
    },
  });
  app.route({
    ...{ method: [...OTHERS], url: PATH },
    handler: async (request, reply) => {
      reply.header("allow", "POST, DELETE");
      throw new MeshError(
        "method_not_allowed",
        `${PATH} knows POST and DELETE, not ${request.method}: nothing is pushed over it.`,
      );
    },
  });
}

function tokenOf({ headers }: FastifyRequest): string {
  return headers.authorization?.slice("Bearer ".length) ?? "";
}

/** @throws MeshError invalid_request */
function sessionOf({ headers }: FastifyRequest): string | undefined {
  const id = headers[SESSION];
  if (id === undefined) return undefined;
  if (typeof id === "string" && SESSION_ID.test(id)) return id;
  throw new MeshError("invalid_request", `${SESSION}: 1 to 128 visible ASCII characters.`);
}

/** Answers as JSON; or as events, where a call that may take long brings signs of life before. */
function replying({ headers }: FastifyRequest, reply: FastifyReply): Replying {
  const { raw } = reply;
  const gone = new AbortController();
  const takesEvents = /text\/event-stream/i.test(headers.accept ?? "");
  let isOpen = false;
  const written = new Promise<boolean>((resolve) => {
    whenAnswered(reply.raw, (isWritten) => {
      resolve(isWritten);
      if (!isWritten) gone.abort();
    });
  });
  return {
    gone: gone.signal,
    takesEvents,
    notify(message) {
      if (!takesEvents || raw.destroyed) return;
      if (!isOpen) {
        isOpen = true;
        reply.hijack();
        raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      }
      // Who does not read what it asked for comes back by its cursor.
      if (raw.writableLength > MOST_UNREAD) raw.destroy();
      else raw.write(eventOf(message));
    },
    answer(status, message, sessionId) {
      if (isOpen) raw.end(message === undefined ? "" : eventOf(message));
      else {
        if (sessionId !== undefined) reply.header(SESSION, sessionId);
        reply.code(status);
        if (message === undefined) reply.send();
        else reply.header("content-type", "application/json").send(JSON.stringify(message));
      }
      return written;
    },
  };
}

function eventOf(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
