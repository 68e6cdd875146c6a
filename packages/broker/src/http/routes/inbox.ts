/** Routes of the inbox and its deliveries. */
import type { AckManyReply, Problem } from "@agentmesh/protocol";
import type { Mesh } from "../../mesh/mesh.ts";
import type { AckOutcome } from "../../mesh/verdicts.ts";
import type { Bind } from "../bind.ts";

/** Binds them. */
export function inboxRoutes(bind: Bind, mesh: Mesh): void {
  bind("listInbox", ({ query, caller }) => mesh.inbox.list(caller, query));
  bind.usual("lease", ({ body, caller, signal }) => mesh.inbox.lease(caller, body, signal));
  bind.usual("ack", ({ params, body, caller }) => mesh.inbox.ack(caller, params.delivery, body));
  bind.usual("ackMany", async ({ body, caller, problemOf }) =>
    resultsOf(await mesh.inbox.ackMany(caller, body), problemOf),
  );
  bind.usual("nack", ({ params, body, caller }) => mesh.inbox.nack(caller, params.delivery, body));
  bind.usual("extend", ({ params, body, caller }) => mesh.inbox.extend(caller, params.delivery, body));
  bind.usual("reject", ({ params, body, caller }) => mesh.inbox.reject(caller, params.delivery, body));
  bind("listDead", ({ query, caller }) => mesh.inbox.listDead(caller, query));
  bind("redrive", ({ params, caller }) => mesh.inbox.redrive(caller, params.delivery));
  bind("dismiss", ({ params, caller }) => mesh.inbox.dismiss(caller, params.delivery));
  bind("admit", ({ params, caller }) => mesh.inbox.admit(caller, params.delivery));
  bind("refuse", ({ params, body, caller }) => mesh.inbox.refuse(caller, params.delivery, body));
  bind.usual("reportPush", ({ params, body, caller }) => mesh.inbox.reportPush(caller, params.delivery, body));
}

/** What became of each; of a refused one the problem that a call of its own is answered with. */
function resultsOf(outcomes: readonly AckOutcome[], problemOf: (error: unknown) => Problem): AckManyReply {
  const results = outcomes.map((each) =>
    "error" in each ? { delivery: each.delivery, problem: problemOf(each.error) } : each,
  );
  return { results };
}
