/** Binds one row of the endpoint table to a handler: access, validation, types, status. */
import type { Access, Endpoint, EndpointName, EndpointReply, EndpointRequest } from "@agentmesh/protocol";
import { endpoints, inWords } from "@agentmesh/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isCloudEvent, messageOf } from "../hooks/cloud-event.ts";
import type { AgentCaller, AnyCaller, Caller, KeyCaller, MachineCaller, PageCaller } from "../mesh/caller.ts";
import type { Turns } from "../mesh/looks/turns.ts";
import type { Authenticate } from "./plugins/auth.ts";

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
export type Bound<K extends EndpointName> = EndpointRequest<Table[K]> & {
  readonly caller: CallerOf<Table[K]>;
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Calls the listener once: whether the answer has been written, or the caller was gone before. */
  readonly onAnswered: (listener: (written: boolean) => void) => void;
};

/** Registers a handler for an endpoint. A handler that returns nothing has answered by itself. */
export type Bind = <K extends EndpointName>(
  name: K,
  handler: (bound: Bound<K>) => Promise<EndpointReply<Table[K]> | undefined>,
) => void;

/** What it takes to bind. */
export interface BindParts {
  readonly authenticate: Authenticate;
  readonly closing: AbortSignal;
  readonly turns: Turns;
}

/** The binder of one application. Looks are begun one in a turn, callers one after the other: many of one delay nobody. */
export function binder(app: FastifyInstance, { authenticate, closing, turns }: BindParts): Bind {
  const callers = new WeakMap<FastifyRequest, AnyCaller>();
  return (name, handler) => {
    const row: Endpoint = endpoints[name];
    app.route({
      method: row.method,
      url: row.path,
      config: {
        isSigned: row.isSigned === true,
        takesEvents: row.takesEvents === true,
        page: row.page === true,
      },
      // Before its body is read: who has no token keeps nothing of the broker's memory.
      onRequest: async (request, reply) => {
        if (row.access !== "public") callers.set(request, await authenticate(request, reply, row));
      },
      handler: async (request, reply) => {
        const caller = callers.get(request);
        // Made for those who look at them: most acts do not.
        let gone: AbortSignal | undefined;
        let signal: AbortSignal | undefined;
        const isGone = () => {
          gone ??= closeOf(reply);
          return gone;
        };
        const bound = {
          params: row.params?.parse(request.params, inWords),
          query: row.query?.parse(request.query, inWords),
          body: row.body?.parse(bodyOf(row, request), inWords),
          caller,
          get signal() {
            signal ??= AbortSignal.any([isGone(), closing]);
            return signal;
          },
          request,
          reply,
          onAnswered: (listener: (written: boolean) => void) => whenAnswered(reply, listener),
        };
        if (row.method === "GET") await turns.look(caller, isGone()).turn();
        // The row's own schemas have just made these types true; the compiler cannot follow a table look-up.
        const answer = await handler(bound as unknown as Bound<typeof name>);
        if (answer === undefined) return reply;
        return reply.code(row.status).send(answer);
      },
    });
  };
}

/** What a request asks for: as it says it, or as its event says. */
function bodyOf({ takesEvents }: Endpoint, request: FastifyRequest): unknown {
  return takesEvents && isCloudEvent(request) ? messageOf(request) : (request.body ?? {});
}

/** Calls the listener once: whether the answer was written, or the caller had gone. One that was written closes, too: the first of both counts. */
export function whenAnswered({ raw }: FastifyReply, listener: (written: boolean) => void): void {
  const over = () => {
    raw.off("finish", over).off("close", over);
    listener(raw.writableFinished);
  };
  if (raw.closed || raw.destroyed) over();
  else raw.once("finish", over).once("close", over);
}

/** Aborted when the connection of a request closes, or has closed. */
export function closeOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.closed || reply.raw.destroyed) gone.abort();
  else reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
