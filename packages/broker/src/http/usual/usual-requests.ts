/**
 * The way of usual requests: a POST of the endpoint table with a JSON body of a length that is told, which is what agents
 * send, lease, ack and renew with, and the GET of a stream. It goes through the same guard, authentication, budgets and schemas as any other, one
 * after the other, without the hooks and the router of the framework. Whatever is not usual goes through those.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Endpoint, inWords, type Problem } from "@agentmesh/protocol";
import type { FastifyBaseLogger } from "fastify";
import { isCloudEvent } from "../../hooks/cloud-event.ts";
import type { AnyCaller } from "../../mesh/caller.ts";
import type { Handle } from "../budgets/door.ts";
import type { Authenticate } from "../plugins/auth.ts";
import type { Budgets } from "../plugins/budgets.ts";
import type { Departure } from "../plugins/departure.ts";
import { bodyOf } from "../plugins/json-bodies.ts";
import type { Guard, Guarded } from "../plugins/local-only.ts";
import { type Asked, problemAnswer, problemOf } from "../plugins/problem.ts";
import { type Answer, JSON_TYPE, PROBLEM_TYPE, writeAnswer } from "./answer.ts";
import { readBody, wholeBody } from "./body.ts";
import { hasBody, hasUsualBody, queryOf } from "./head.ts";
import { type Found, Paths } from "./paths.ts";

/** What a handler of a usual request is given, before its row's types. */
export interface UsualParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: AnyCaller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Leaves the answer to the handler. */
  readonly takeOver: () => void;
  /** What one entry of a call that is answered all the same is told. */
  readonly problemOf: (error: unknown) => Problem;
}

/** Does what a usual request asks for. */
export type UsualHandler = (parts: UsualParts) => Promise<unknown>;

interface Route {
  readonly row: Endpoint;
  readonly guarded: Guarded;
  readonly handler: UsualHandler;
}

/** What stands before a handler. */
export interface UsualTerms {
  readonly guard: Guard;
  readonly authenticate: Authenticate;
  readonly budgets: Budgets;
  readonly departure: Departure;
  readonly log: FastifyBaseLogger;
}

/** The usual requests of one application. */
export class UsualRequests {
  readonly #paths = { GET: new Paths<Route>(), POST: new Paths<Route>() };
  readonly #terms: UsualTerms;

  constructor(terms: UsualTerms) {
    this.#terms = terms;
  }

  /** Adds a row of the table. @throws Error for a method that no usual request has */
  add(row: Endpoint, guarded: Guarded, handler: UsualHandler): void {
    if (row.method !== "GET" && row.method !== "POST") throw new Error(`${row.method} is no method of usual requests`);
    this.#paths[row.method].add(row.path, { row, guarded, handler });
  }

  /** Takes what is usual; all else goes the other way. */
  before(other: Handle): Handle {
    return (request, response) => {
      const asked = this.#usual(request);
      if (asked) void this.#take(request, response, asked);
      else other(request, response);
    };
  }

  /** What a usual request asks for: what is missing in its head, or more than usual, is told by the other way. */
  #usual(request: IncomingMessage): Usual | undefined {
    const { method, url = "" } = request;
    if (method === "POST" && hasUsualBody(request)) {
      const found = this.#paths.POST.find(url);
      return found && !(found.route.row.takesEvents && isCloudEvent(request))
        ? { ...found, query: undefined }
        : undefined;
    }
    if (method !== "GET" || hasBody(request)) return undefined;
    const end = url.indexOf("?");
    const found = this.#paths.GET.find(end < 0 ? url : url.slice(0, end));
    const query = found && queryOf(end < 0 ? "" : url.slice(end + 1));
    return found && query && { ...found, query };
  }

  async #take(request: IncomingMessage, response: ServerResponse, usual: Usual): Promise<void> {
    const { departure, budgets } = this.#terms;
    if (!departure.begun(request, response)) return;
    const { row } = usual.route;
    const asked = new Told(request, row.path, this.#terms.log);
    const whose: Whose = {};
    let answer: Answer;
    try {
      const reply = await this.#reply({ request, response, usual, asked, whose });
      // The caller is gone, and with it the rest of what it asks; or the handler answers by itself.
      if (reply === undefined) return;
      answer = { status: row.status, type: JSON_TYPE, text: JSON.stringify(reply) };
    } catch (error) {
      answer = { type: PROBLEM_TYPE, ...problemAnswer(error, asked) };
    }
    const delayMs = budgets.delayMs(answer.status, whose.caller);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (response.destroyed || response.headersSent) return;
    const bytes = Buffer.byteLength(answer.text);
    writeAnswer(response, answer, bytes, departure.isLast(request) || whose.isIllegible === true);
    // Most are with the system by now: none of it waits for its reader here.
    if (response.writableLength > 0) budgets.given(response, whose.caller, bytes);
  }

  /** Guard, authentication, budget, parse, one call. */
  async #reply({ request, response, usual, asked, whose }: Taken): Promise<unknown> {
    const { row, guarded, handler } = usual.route;
    this.#terms.guard(request, guarded);
    // Before its body is read: who has no token keeps nothing of the broker's memory.
    const caller = await this.#terms.authenticate(request, response, row, (known) => {
      whose.caller = known;
    });
    let body: unknown;
    if (row.method === "POST") {
      const bytes = await this.#bytesOf(request, caller);
      if (bytes === undefined) return undefined;
      whose.isIllegible = true;
      body = bodyOf(bytes) ?? {};
      whose.isIllegible = false;
    }
    return handler({
      params: row.params?.parse(usual.params, inWords),
      query: row.query?.parse(usual.query, inWords),
      body: row.body?.parse(body, inWords),
      ...{ caller, request, response, takeOver: nothing },
      problemOf: (error) => problemOf(error, asked),
    });
  }

  /** What stands in its body; undefined where the rest of it never came. */
  async #bytesOf(request: IncomingMessage, caller: AnyCaller): Promise<Buffer | undefined> {
    const length = Number(request.headers["content-length"]);
    this.#terms.budgets.mayBring(caller);
    const whole = wholeBody(request, length);
    if (whole) return whole;
    const over = this.#terms.budgets.bodyBegun(request, caller);
    try {
      return await readBody(request, length);
    } finally {
      over();
    }
  }
}

/** Whoever answers by itself does: nothing here waits for it. */
function nothing(): void {}

/** What a request asks for, before it is looked at. */
interface Usual extends Found<Route> {
  readonly query: unknown;
}

/** What shows on the way of a request, and counts also where that ends early. */
interface Whose {
  caller?: AnyCaller;
  /** What it sent is no JSON that is taken: its connection ends with the answer. */
  isIllegible?: boolean;
}

interface Taken {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly usual: Usual;
  readonly asked: Asked;
  readonly whose: Whose;
}

/** What a problem says of a request; it has an id from when somebody is told one. */
class Told implements Asked {
  readonly method: string;
  readonly route: string;
  readonly #log: FastifyBaseLogger;
  #id: string | undefined;

  constructor({ method = "" }: IncomingMessage, route: string, log: FastifyBaseLogger) {
    this.method = method;
    this.route = route;
    this.#log = log;
  }

  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  get log(): FastifyBaseLogger {
    return this.#log.child({ reqId: this.id });
  }
}
