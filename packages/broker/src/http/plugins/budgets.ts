/** Keeps one caller from taking the broker from the others: connections, bodies, refusals, unread answers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { AnyCaller } from "../../mesh/caller.ts";
import { Bodies } from "../budgets/bodies.ts";
import { type Connections, shareOf } from "../budgets/connections.ts";
import type { HttpTerms } from "../budgets/limits.ts";
import { Patience } from "../budgets/patience.ts";
import { UnreadAnswers } from "../budgets/unread-answers.ts";

/** What says to come later: too many, no room. */
const LATER = new Set([429, 507]);

/** The budgets of one application, whichever way a request goes through it. */
export class Budgets {
  readonly #connections: Connections;
  readonly #bodies: Bodies;
  readonly #unread = new UnreadAnswers();
  readonly #patience = new Patience();

  constructor({ requestWithinMs }: HttpTerms, connections: Connections) {
    this.#connections = connections;
    this.#bodies = new Bodies(requestWithinMs);
  }

  /** A valid token came with this request. @throws MeshError too_much_at_once */
  proven(request: IncomingMessage, caller: AnyCaller): void {
    this.#connections.proven(request.socket, caller);
  }

  /** A body that has come whole is read. @throws MeshError too_much_at_once */
  mayBring(caller: AnyCaller | undefined): void {
    this.#bodies.check(caller);
  }

  /** A body is to be read; the returned function is told of its end. @throws MeshError too_much_at_once */
  bodyBegun(request: IncomingMessage, caller: AnyCaller | undefined): () => void {
    return this.#bodies.begun(request, caller);
  }

  /** For how long an answer of this status is kept back, in milliseconds. */
  delayMs(status: number, caller: AnyCaller | undefined): number {
    return LATER.has(status) ? this.#patience.delayMs(shareOf(caller)) : 0;
  }

  /** An answer is given: its bytes count as its caller's until they are read. */
  given(response: ServerResponse, caller: AnyCaller | undefined, bytes: number): void {
    this.#unread.given(response, shareOf(caller), bytes);
  }
}

/** Whose a request is that goes through the hooks of an application. */
export type CallerOf = (request: IncomingMessage) => AnyCaller | undefined;

/** Applies the budgets to an application; before any other hook. */
export function applyBudgets(app: FastifyInstance, budgets: Budgets, callerOf: CallerOf): void {
  app.addHook("preParsing", async (request, reply, payload) => {
    if (!hasBody(request.raw)) return;
    const end = budgets.bodyBegun(request.raw, callerOf(request.raw));
    payload.once("end", end).once("close", end).once("error", end);
    // What is refused by its head is never read to its end.
    reply.raw.once("close", end);
  });

  app.addHook("onSend", async (request, reply) => {
    const delayMs = budgets.delayMs(reply.statusCode, callerOf(request.raw));
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  });

  app.addHook("onSend", async (request, reply, payload) => {
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return;
    budgets.given(reply.raw, callerOf(request.raw), payload.length);
  });
}

/** Whether a request announces a body (RFC 9112 §6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
