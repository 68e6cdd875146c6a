/** Keeps one caller from taking the broker from the others: connections, bodies, refusals, unread answers. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AnyCaller } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import { type Connections, isUnbound, nameOf, shareOf } from "../budgets/connections.ts";
import { type HttpTerms, httpLimits } from "../budgets/limits.ts";
import { Patience } from "../budgets/patience.ts";
import { UnreadAnswers } from "../budgets/unread-answers.ts";

/** What says to come later: too many, no room. */
const LATER = new Set([429, 507]);

/** What the authentication tells the budgets. */
export interface Budgets {
  /** A valid token came with this request. @throws MeshError too_much_at_once */
  proven(request: FastifyRequest, caller: AnyCaller): void;
}

/** Applies the budgets to an application; before any other hook. */
export function budgets(app: FastifyInstance, { requestWithinMs }: HttpTerms, connections: Connections): Budgets {
  const unread = new UnreadAnswers();
  const patience = new Patience();
  const callers = new WeakMap<FastifyRequest, AnyCaller>();
  const bodies = new Map<string, number>();

  // A body is counted as its caller's from its first byte to its last, and has to be complete in time.
  app.addHook("preParsing", async (request, reply, payload) => {
    if (!hasBody(request)) return;
    const caller = callers.get(request);
    const share = shareOf(caller);
    const now = bodies.get(share) ?? 0;
    const most = caller === undefined ? httpLimits.bodiesUnproven : httpLimits.bodiesPerAgent;
    if (!isUnbound(caller) && now >= most) {
      const who = caller === undefined ? "Callers without a token are" : `${nameOf(caller)} is`;
      throw new MeshError(
        "too_much_at_once",
        `${who} sending ${now} bodies at a time, which is the most. Nothing was stored. Send fewer at a time.`,
        { retryAfterMs: 1_000 },
      );
    }
    bodies.set(share, now + 1);
    const late = setTimeout(() => request.raw.destroy(), requestWithinMs);
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(late);
      const left = (bodies.get(share) ?? 1) - 1;
      if (left > 0) bodies.set(share, left);
      else bodies.delete(share);
    };
    payload.once("end", end).once("close", end).once("error", end);
    // What is refused by its head is never read to its end.
    reply.raw.once("close", end);
  });

  app.addHook("onSend", async (request, reply) => {
    if (!LATER.has(reply.statusCode)) return;
    const delayMs = patience.delayMs(shareOf(callers.get(request)));
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  });

  app.addHook("onSend", async (request, reply, payload) => {
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return;
    unread.given(reply.raw, shareOf(callers.get(request)), payload.length);
  });

  return {
    proven(request, caller) {
      callers.set(request, caller);
      connections.proven(request.raw.socket, caller);
    },
  };
}

/** Whether a request announces a body (RFC 9112 §6.3). */
function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
