/** A2A 1.0 at `/a2a/NAME`, for each agent that shows a card: the card for whoever asks, messages for whoever has an agent's token. */
import { type Endpoint, KEEPALIVE_MS, loopbackHost } from "@agentmesh/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { a2aCall } from "../../a2a/calls.ts";
import { cardOf } from "../../a2a/card.ts";
import { A2aRefusal, saidOf } from "../../a2a/refusals.ts";
import {
  type Asked,
  checkVersion,
  idOf,
  restAsked,
  restRefusal,
  restWire,
  rpcAnswer,
  rpcAsked,
  rpcStatus,
  rpcWire,
  type Wire,
} from "../../a2a/wire.ts";
import type { AgentCaller } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { Mesh } from "../../mesh/mesh.ts";
import { Keepalives } from "../../sinks/keepalives.ts";
import { streamTask } from "../../sinks/task-stream.ts";
import { closeOf, whenAnswered } from "../ends.ts";
import type { AuthenticateHooked } from "../plugins/auth.ts";
import { jsonOf } from "../plugins/json-bodies.ts";
import { isSecure } from "../servers.ts";

/** What it takes. */
export interface A2aParts {
  readonly mesh: Mesh;
  readonly authenticate: AuthenticateHooked;
  /** What browsers would call this broker's origin. */
  readonly schemes: (isSecure: boolean) => readonly string[];
  /** Aborted when the broker stops. */
  readonly closing: AbortSignal;
}

const PATH = "/a2a/:agent";
/** Whose it is: no row of the contract, for what is said over it is A2A's. */
const ROW: Endpoint = {
  ...{ method: "POST", path: PATH, summary: "A2A 1.0", access: "agent" },
  ...{ repeatable: false, status: 200, reply: z.unknown(), errors: [] },
};
const Params = z.object({ agent: z.string().min(1).max(128), "*": z.string().default("") });

/** Serves it. */
export function a2aRoutes(app: FastifyInstance, { mesh, authenticate, schemes, closing }: A2aParts): void {
  const callers = new WeakMap<FastifyRequest, AgentCaller>();
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = await authenticate(request.raw, reply.raw, ROW);
    if (caller.kind === "agent") callers.set(request, caller);
  };
  const shownBy = (request: FastifyRequest) => mesh.agentCards.shown(Params.parse(request.params).agent);

  app.route({
    ...{ method: "GET", url: `${PATH}/.well-known/agent-card.json` },
    handler: async (request) => cardOf(await shownBy(request), originOf(request, schemes)),
  });

  const keepalives = new Keepalives(KEEPALIVE_MS);
  const answered = async (request: FastifyRequest, reply: FastifyReply, { method, params }: Asked, wire: Wire) => {
    const caller = callers.get(request);
    if (!caller) throw new MeshError("forbidden", "This needs an agent's token.");
    const signal = AbortSignal.any([closeOf(reply.raw), closing]);
    const answer = await a2aCall(mesh, method, { caller, card: await shownBy(request), params, signal });
    if ("updates" in answer) {
      reply.hijack();
      const onFault = (err: unknown) => request.log.error({ err }, "a2a.stream");
      void streamTask(reply.raw, answer.updates, { wire, keepalives, onFault });
      return reply;
    }
    const { result, taken } = answer;
    if (taken) whenAnswered(reply.raw, (isWritten) => isWritten && taken());
    return reply.header("content-type", wire.mediaType).send(JSON.stringify(wire.update(result)));
  };

  const byRpc = async (request: FastifyRequest, reply: FastifyReply) => {
    let body: unknown;
    try {
      body = bodyOf(request);
      const asked = rpcAsked(body);
      checkVersion(versionOf(request));
      return await answered(request, reply, asked, rpcWire(idOf(body)));
    } catch (error) {
      const said = saidOf(error);
      if (!said) throw error;
      return retryAfter(reply, said.retryAfterMs)
        .code(rpcStatus(said))
        .send(rpcAnswer(idOf(body), said));
    }
  };
  const byRest = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      checkVersion(versionOf(request));
      const asked = restAsked(request.method, Params.parse(request.params)["*"], bodyOf(request));
      return await answered(request, reply, asked, restWire);
    } catch (error) {
      const said = saidOf(error);
      if (!said) throw error;
      return retryAfter(reply, said.retryAfterMs)
        .code(said.httpStatus)
        .header("content-type", restWire.mediaType)
        .send(JSON.stringify(restRefusal(said)));
    }
  };
  app.route({ ...{ method: "POST", url: PATH, config: { isSigned: true }, onRequest }, handler: byRpc });
  app.route({
    ...{ method: ["GET", "POST", "DELETE"], url: `${PATH}/*`, onRequest },
    config: { isSigned: true, mediaType: restWire.mediaType },
    handler: (request, reply) =>
      request.method === "POST" && Params.parse(request.params)["*"] === ""
        ? byRpc(request, reply)
        : byRest(request, reply),
  });
}

/** @throws A2aRefusal PARSE_ERROR */
function bodyOf({ body }: FastifyRequest): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return undefined;
  try {
    return jsonOf(body);
  } catch (error) {
    throw new A2aRefusal("PARSE_ERROR", error instanceof MeshError ? error.message : "The body is not valid JSON.");
  }
}

function versionOf({ headers }: FastifyRequest): string | undefined {
  const version = headers["a2a-version"];
  return typeof version === "string" ? version : undefined;
}

function retryAfter(reply: FastifyReply, ms: number | undefined): FastifyReply {
  return ms === undefined ? reply : reply.header("retry-after", Math.ceil(ms / 1_000));
}

/** Where whoever asks has reached the broker: its Host was let in. Behind a proxy for TLS all but loopback is https. */
function originOf({ raw, headers }: FastifyRequest, schemes: A2aParts["schemes"]): string {
  const { host = "" } = headers;
  const [first = "http", ...more] = schemes(isSecure(raw.socket));
  const scheme = more.length > 0 && loopbackHost(host.replace(/:\d+$/, "")) === undefined ? (more[0] ?? first) : first;
  return `${scheme}://${host}`;
}
