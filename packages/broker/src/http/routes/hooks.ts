/** Routes of hooks. */
import type { HookId } from "@agentmesh/protocol";
import type { FastifyRequest } from "fastify";
import type { Post } from "../../mesh/hook/post.ts";
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";
import type { WrongTokens } from "../budgets/wrong-tokens.ts";
import type { BrokerFacts } from "./system.ts";

/** Binds them. A post that nothing proves is answered, and counted, as a wrong token. */
export function hookRoutes(bind: Bind, mesh: Mesh, facts: BrokerFacts, wrong: WrongTokens): void {
  const take = async (request: FastifyRequest, id: HookId, secret?: string) => {
    const taken = await mesh.hooks.take(id, postOf(request, secret));
    if (!taken) throw wrong.refusal(request.raw.socket.remoteAddress ?? "an unknown address", "hook");
    return taken;
  };
  bind("makeHook", async ({ body, caller }) => ({
    ...(await mesh.hooks.make(caller, body)),
    urls: facts.reachedAt().urls,
  }));
  bind("listHooks", () => mesh.hooks.list());
  bind("removeHook", ({ params, caller }) => mesh.hooks.remove(caller, params.hook));
  bind("takeHook", ({ params, request }) => take(request, params.hook));
  bind("takeHookByUrl", ({ params, request }) => take(request, params.hook, params.secret));
}

function postOf(request: FastifyRequest, secret: string | undefined): Post {
  return {
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : undefined;
    },
    bytes: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    secret,
  };
}
