/** What is told of the push paths of a session: which are proven or failing now and were not before. */
import type { PushPath, SessionId } from "@agentmesh/protocol";
import { pathNews } from "../../shared/push-paths.ts";
import type { EngineContext } from "../context.ts";

/** Tells it, in the act that changed them. */
export function tellPaths(
  happened: EngineContext["happened"],
  agentPk: number,
  session: SessionId,
  before: readonly PushPath[],
  now: readonly PushPath[],
): void {
  for (const { path, why } of pathNews(before, now)) {
    if (why === undefined) happened(agentPk, "push.proven", { session, path });
    else happened(agentPk, "push.failing", { session, path, why });
  }
}
