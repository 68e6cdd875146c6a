/** Token → caller. One place decides; handlers get the caller as an argument. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Access } from "@agentmesh/protocol";
import type { FastifyRequest } from "fastify";
import type { Agents } from "../../mesh/agents.ts";
import type { Caller } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { WrongTokens } from "../budgets/wrong-tokens.ts";
import type { Budgets } from "./budgets.ts";

/** Decides who calls. */
export type Authenticate = (request: FastifyRequest, access: Exclude<Access, "public">) => Promise<Caller>;

/** What it takes to tell. */
export interface AuthParts {
  readonly agents: Agents;
  readonly meshKey: string;
  readonly budget: Budgets;
  readonly wrong: WrongTokens;
}

/** Tells callers by their bearer token (RFC 6750 §2.1): the mesh key, or an agent's token. */
export function authenticator({ agents, meshKey, budget, wrong }: AuthParts): Authenticate {
  const keyHash = sha256(meshKey);
  return async (request, access) => {
    if (holdsToken(request.raw.url ?? "")) {
      throw new MeshError("invalid_request", "A token must not stand in a URL. Send it as: Authorization: Bearer …");
    }
    const caller = await callerOf(request);
    budget.proven(request, caller);
    if (access === "any" || access === caller.kind) return caller;
    throw new MeshError(
      "forbidden",
      access === "key"
        ? "This needs the mesh key (the file key in the state folder), not an agent's token."
        : "This needs an agent's token. The mesh key registers agents, it is none itself: POST /v1/agents first.",
    );
  };

  async function callerOf(request: FastifyRequest): Promise<Caller> {
    const headers = request.raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "authorization");
    const token = /^Bearer ([\w-]{20,200})$/.exec(request.headers.authorization ?? "")?.[1];
    if (headers.length === 1 && token !== undefined) {
      if (timingSafeEqual(sha256(token), keyHash)) return { kind: "key" };
      const agent = await agents.byToken(token);
      if (agent) return { kind: "agent", agent };
    }
    throw wrong.refusal(request.raw.socket.remoteAddress ?? "an unknown address");
  }
}

/** Whatever its parameter is called: the form of a secret, or a name for one. Such a URL is in somebody's log by now. */
function holdsToken(url: string): boolean {
  return (
    /[?&#][^=&]*(token|key|secret|auth|bearer|password|passwd|credential)[^=&]*=/i.test(url) ||
    /\b(am|amk|whsec)_[\w+/%-]{20,}/i.test(url)
  );
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
