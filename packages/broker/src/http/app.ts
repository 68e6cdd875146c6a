/** The HTTP application: guard, errors, routes, registered by hand. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { MAX_REQUEST_BYTES } from "@agentmesh/protocol";
import type { EventCallbacks } from "agentmesh-mcp/http";
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import type { AnyCaller } from "../mesh/caller.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { binder } from "./bind.ts";
import type { Handle } from "./budgets/door.ts";
import type { HttpTerms } from "./budgets/limits.ts";
import { WrongTokens } from "./budgets/wrong-tokens.ts";
import { pageCalls } from "./page/page-calls.ts";
import { type PageFiles, servePage } from "./page/serving.ts";
import { type AuthenticateHooked, authenticator } from "./plugins/auth.ts";
import { applyBudgets, Budgets } from "./plugins/budgets.ts";
import { Departure, watchDeparture } from "./plugins/departure.ts";
import { jsonBodies } from "./plugins/json-bodies.ts";
import { guardOf, localOnly } from "./plugins/local-only.ts";
import { problems, sendProblem } from "./plugins/problem.ts";
import { a2aRoutes } from "./routes/a2a.ts";
import { agentRoutes } from "./routes/agents.ts";
import { eventsRoute } from "./routes/events.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { inboxRoutes } from "./routes/inbox.ts";
import { machineRoutes } from "./routes/machines.ts";
import { mcpRoutes } from "./routes/mcp.ts";
import { messageRoutes } from "./routes/messages.ts";
import { needsRoute } from "./routes/needs.ts";
import { pageRoutes } from "./routes/page.ts";
import { streamRoute } from "./routes/stream.ts";
import { type BrokerFacts, systemRoutes } from "./routes/system.ts";
import { topicRoutes } from "./routes/topics.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { type SecureServer, Servers, type Shown } from "./servers.ts";
import { HEADERS } from "./usual/answer.ts";
import { UsualRequests } from "./usual/usual-requests.ts";

/** What the application is built from. */
export interface AppParts {
  readonly mesh: Mesh;
  readonly facts: BrokerFacts;
  readonly log: FastifyBaseLogger;
  readonly terms: HttpTerms;
  /** Host header values that name this broker, lower case, on the plain listener and on the one that speaks TLS. */
  readonly allowedHosts: (isSecure: boolean) => ReadonlySet<string>;
  /** What browsers call this broker's origin, on the one listener and on the other, before the Host. */
  readonly schemes: (isSecure: boolean) => readonly ("http" | "https")[];
  /** MCP Events are served at /mcp, with these webhooks; undefined where they are not. */
  readonly mcpEvents: EventCallbacks | undefined;
  /** The page's files; undefined where none is served. */
  readonly page: PageFiles | undefined;
  /** Aborted when the broker stops: long polls answer with what they have. */
  readonly closing: AbortSignal;
}

/** The application, and how it leaves. */
export interface App extends Pick<Departure, "leave"> {
  readonly app: FastifyInstance;
  /** Makes a second server that hands the same application what comes over TLS. */
  secure(shown: Shown): SecureServer;
}

/** Builds the application; it does not listen yet. */
export function buildApp(parts: AppParts): App {
  const servers = new Servers(parts.terms);
  const budgets = new Budgets(parts.terms, servers.connections);
  const departure = new Departure(() => servers.stopListening());
  const guard = guardOf(parts);
  const wrong = new WrongTokens(parts.terms.wrongTokensPerMinute);
  const byPage = pageCalls(parts.mesh, parts.facts.port);
  const authenticate = authenticator({ mesh: parts.mesh, meshKey: parts.facts.meshKey, budgets, wrong, byPage });
  const usual = new UsualRequests({ guard, authenticate, budgets, departure, log: parts.log });
  const app = fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: MAX_REQUEST_BYTES,
    exposeHeadRoutes: false,
    serverFactory: (handle: Handle) => servers.plain(usual.before(handle)),
    forceCloseConnections: true,
    return503OnClosing: false,
    // Longer than any request line: what a part of a path may be is said by its schema.
    routerOptions: { maxParamLength: MAX_REQUEST_BYTES },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply.headers(HEADERS)),
  });
  app.removeContentTypeParser("text/plain");
  jsonBodies(app);
  watchDeparture(app, departure);
  const callers = new WeakMap<IncomingMessage, AnyCaller>();
  const callerOf = (request: IncomingMessage) => callers.get(request);
  applyBudgets(app, budgets, callerOf);
  problems(app);
  localOnly(app, guard);
  app.addHook("onSend", async (_request, reply) => {
    const { "cache-control": cache, ...rest } = HEADERS;
    reply.headers(reply.hasHeader("cache-control") ? rest : { ...rest, "cache-control": cache });
  });
  const hooked: AuthenticateHooked = (request, response, row) =>
    authenticate(request, response, row, (caller) => callers.set(request, caller));
  const bind = binder(app, {
    ...{ authenticate: hooked, closing: parts.closing, turns: parts.mesh.turns, callerOf, usual },
  });
  systemRoutes(bind, parts.mesh, parts.facts);
  agentRoutes(bind, parts.mesh, parts.facts);
  messageRoutes(bind, parts.mesh);
  inboxRoutes(bind, parts.mesh);
  topicRoutes(bind, parts.mesh);
  webhookRoutes(bind, parts.mesh);
  hookRoutes(bind, parts.mesh, parts.facts, wrong);
  machineRoutes(bind, parts.mesh, parts.facts, wrong);
  pageRoutes(bind, parts.mesh, parts.facts, wrong);
  servePage(app, parts.page);
  mcpRoutes(app, { authenticate: hooked, url: parts.facts.url, events: parts.mcpEvents, closing: parts.closing });
  a2aRoutes(app, { mesh: parts.mesh, authenticate: hooked, schemes: parts.schemes, closing: parts.closing });
  streamRoute(bind, parts.mesh);
  eventsRoute(bind, parts.mesh);
  needsRoute(bind, parts.mesh);
  app.addHook("onClose", async () => {
    servers.stopListening();
    servers.closeConnections();
  });
  return { app, leave: () => departure.leave(), secure: (shown) => servers.secure(shown) };
}
