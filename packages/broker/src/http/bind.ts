/** Binds one row of the endpoint table to a handler: access, validation, types, status. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access, Endpoint, EndpointName, EndpointReply, EndpointRequest, Problem } from "@agentmesh/protocol";
import { endpoints, inWords } from "@agentmesh/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isCloudEvent, messageOf } from "../hooks/cloud-event.ts";
import type { AgentCaller, AnyCaller, Caller, KeyCaller, MachineCaller, PageCaller } from "../mesh/caller.ts";
import type { Turns } from "../mesh/looks/turns.ts";
import { Gone, whenAnswered } from "./ends.ts";
import type { AuthenticateHooked } from "./plugins/auth.ts";
import { askedBy, problemOf } from "./plugins/problem.ts";
import type { UsualRequests } from "./usual/usual-requests.ts";

type Table = typeof endpoints;

/** What an endpoint makes of its caller. */
export type CallerOf<E extends Endpoint> =
  | CallerBy<E["access"]>
  | (E extends { readonly machine: true } ? MachineCaller : never);

type CallerBy<A extends Access> = A extends "agent"
  ? AgentCaller
  : A extends "key"
    ? KeyCaller
    : A extends "any"
      ? Caller
      : A extends "page"
        ? PageCaller
        : undefined;

/** What a handler gets: the parsed request, who calls, and a signal for when the caller is gone. */
export type UsualBound<K extends EndpointName> = EndpointRequest<Table[K]> & {
  readonly caller: CallerOf<Table[K]>;
  readonly signal: AbortSignal;
  /** The request as it came, and where its answer goes. */
  readonly raw: IncomingMessage;
  readonly response: ServerResponse;
  /** Leaves the answer to the handler. */
  readonly takeOver: () => void;
  /** What one entry of a call that is answered all the same is told. */
  readonly problemOf: (error: unknown) => Problem;
  /** Calls the listener once: whether the answer has been written, or the caller was gone before. */
  readonly onAnswered: (listener: (written: boolean) => void) => void;
};

/** The same, and what the framework has of it. */
export type Bound<K extends EndpointName> = UsualBound<K> & {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

/** Registers handlers for endpoints. */
export interface Bind {
  /** A handler that returns nothing has answered by itself. */
  <K extends EndpointName>(name: K, handler: (bound: Bound<K>) => Promise<EndpointReply<Table[K]> | undefined>): void;
  /** One that agents call all the time, or have open: it has a shorter way than the framework's (`usual/`), which takes what is not usual about it. */
  usual<K extends EndpointName>(
    name: K,
    handler: (bound: UsualBound<K>) => Promise<EndpointReply<Table[K]> | undefined>,
  ): void;
}

/** What it takes to bind. */
export interface BindParts {
  readonly authenticate: AuthenticateHooked;
  readonly closing: AbortSignal;
  readonly turns: Turns;
  readonly callerOf: (request: IncomingMessage) => AnyCaller | undefined;
  readonly usual: UsualRequests;
}

/** The binder of one application. Looks are begun one in a turn, callers one after the other: many of one delay nobody. */
export function binder(app: FastifyInstance, parts: BindParts): Bind {
  const { authenticate, closing, turns, callerOf, usual } = parts;
  const bind = <K extends EndpointName>(
    name: K,
    handler: (bound: Bound<K>) => Promise<EndpointReply<Table[K]> | undefined>,
  ): void => {
    const row: Endpoint = endpoints[name];
    app.route({
      method: row.method,
      url: row.path,
      config: configOf(row),
      // Before its body is read: who has no token keeps nothing of the broker's memory.
      onRequest: async (request, reply) => {
        if (row.access !== "public") await authenticate(request.raw, reply.raw, row);
      },
      handler: async (request, reply) => {
        const caller = callerOf(request.raw);
        const gone = new Gone(reply.raw, closing);
        const bound = {
          params: row.params?.parse(request.params, inWords),
          query: row.query?.parse(request.query, inWords),
          body: row.body?.parse(bodyOf(row, request), inWords),
          ...{ caller, request, reply, raw: request.raw, response: reply.raw, takeOver: () => reply.hijack() },
          get signal() {
            return gone.signal;
          },
          problemOf: (error: unknown) => problemOf(error, askedBy(request)),
          onAnswered: (listener: (written: boolean) => void) => whenAnswered(reply.raw, listener),
        };
        if (row.method === "GET") await turns.look(caller, gone).turn();
        // The row's own schemas have just made these types true; the compiler cannot follow a table look-up.
        const answer = await handler(bound as unknown as Bound<typeof name>);
        if (answer === undefined) return reply;
        return reply.code(row.status).send(answer);
      },
    });
  };
  const bindUsual: Bind["usual"] = (name, handler) => {
    const row: Endpoint = endpoints[name];
    bind(name, handler);
    usual.add(row, configOf(row), async (asked) => {
      const { params, query, body, caller, request, response, takeOver, problemOf } = asked;
      const gone = new Gone(response, closing);
      if (row.method === "GET") await turns.look(caller, gone).turn();
      const bound = {
        ...{ params, query, body, caller, raw: request, response, takeOver, problemOf },
        get signal() {
          return gone.signal;
        },
        onAnswered: (listener: (written: boolean) => void) => whenAnswered(response, listener),
      };
      // As above.
      return handler(bound as unknown as UsualBound<typeof name>);
    });
  };
  return Object.assign(bind, { usual: bindUsual });
}

function configOf({ isSigned, takesEvents, page }: Endpoint) {
  return { isSigned: isSigned === true, takesEvents: takesEvents === true, page: page === true };
}

/** What a request asks for: as it says it, or as its event says. */
function bodyOf({ takesEvents }: Endpoint, request: FastifyRequest): unknown {
  return takesEvents && isCloudEvent(request) ? messageOf(request) : (request.body ?? {});
}
