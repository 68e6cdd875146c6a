/** The wire of the predecessor, put on the HTTP application: routes, and errors as its clients read them. */
import { errorTable, type LeasedDelivery, wrongValues, wrongValueText } from "@agentmesh/protocol";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ZodError } from "zod";
import { MeshError } from "../mesh/errors.ts";
import { checkOrigin } from "./access.ts";
import { legacyEndpoints } from "./endpoints.ts";
import { postedMessage } from "./messages.ts";
import { type PeerParts, Peers } from "./peers.ts";
import { canTellOwner } from "./socket-owner.ts";
import { JsonText, type PostedMessage } from "./wire.ts";

/** The wire of one broker. */
export interface LegacyWire {
  /** How many peers `/list-peers` would show, or would have shown a second ago. */
  countPeers(): Promise<number>;
  /** Writes a message for a peer's webhook. */
  message(delivery: Pick<LeasedDelivery, "seq" | "message">): PostedMessage;
  /** Adds the routes. */
  serve(app: FastifyInstance): void;
  /** What whoever starts it should know. */
  readonly caveat: string;
}

/** Makes the wire with the peers of earlier runs. */
export async function openLegacyWire(parts: PeerParts): Promise<LegacyWire> {
  const peers = await Peers.load(parts);
  const endpoints = legacyEndpoints({ mesh: parts.mesh, peers });
  return {
    caveat: `Clients of claude-peers and agentmesh 0.1 are served without a token: any program of ${canTellOwner ? "your user" : "this machine, whatever its user,"} can list agents, read the mail of such a client and send as one. They are marked unverified.`,
    message: (delivery) => postedMessage(peers, delivery),
    countPeers: atMostEvery(1_000, () => peers.count()),
    serve: (app) => {
      app.register(async (wire) => {
        wire.setErrorHandler((error: FastifyError, request, reply) => refuse(request, reply, error));
        wire.addHook("onRequest", checkOrigin);
        // Nobody is known by a token here: all of the wire have one turn among those of the others. Taken before the body is read,
        // for many are told at once that they may go on.
        wire.addHook(
          "onRequest",
          async (_, reply) => await parts.mesh.turns.look(undefined, writingOf(reply).gone).turn(),
        );
        for (const [path, answer] of Object.entries(endpoints)) {
          wire.post(path, async ({ body, headers: { authorization } }, reply) => {
            return say(reply, 200, await answer({ body, authorization, writing: writingOf(reply) }));
          });
          const others = ["GET", "HEAD", "PUT", "PATCH", "DELETE"];
          wire.route({ method: others, url: path, handler: async (_, reply) => reply.type(TEXT).send(GREETING) });
        }
        wire.post("/*", async ({ raw }, reply) =>
          raw.url?.startsWith("/v1/") ? reply.callNotFound() : say(reply, 404, { error: "not found" }),
        );
      });
    },
  };
}

const JSON_TYPE = "application/json;charset=utf-8";
const TEXT = "text/plain;charset=utf-8";
const GREETING = "agentmesh broker";

function say(reply: FastifyReply, status: number, answer: unknown): FastifyReply {
  return reply
    .code(status)
    .header("content-type", JSON_TYPE)
    .send(answer instanceof JsonText ? answer.text : JSON.stringify(answer));
}

/** Does something at most once in a while, and once at a time: who asks meanwhile gets what came of that. */
function atMostEvery<T>(ms: number, act: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  let freshUntil = 0;
  return () => {
    if (last && performance.now() < freshUntil) return last;
    freshUntil = Number.POSITIVE_INFINITY;
    last = act().finally(() => {
      freshUntil = performance.now() + ms;
    });
    return last;
  };
}

/** Whether an answer is written before its connection is gone. */
function writingOf({ raw }: FastifyReply) {
  const gone = new AbortController();
  const written = new Promise<boolean>((resolve) => {
    raw.once("finish", () => resolve(raw.statusCode === 200));
    raw.once("close", () => {
      resolve(false);
      gone.abort();
    });
  });
  return { written, gone: gone.signal };
}

/** Answers `{"error": "…"}`, which is all that the predecessor's clients look for beside the status. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  error: FastifyError | MeshError | ZodError,
): FastifyReply {
  if (error instanceof MeshError) return say(reply, errorTable[error.code].status, { error: error.message });
  if (error instanceof ZodError) {
    return say(reply, 400, { error: wrongValueText(wrongValues(error)) });
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return say(reply, status, { error: error.message });
  request.log.error({ err: error }, "request.failed");
  return say(reply, 500, { error: `The broker failed; its log has the reason under request ${request.id}.` });
}
