/** What is told of the push paths of a session: which are proven or failing now and were not before. */
import type { PushPath, SessionId } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** Tells it, in the act that changed them. */
export function tellPaths(
  happened: EngineContext["happened"],
  agentPk: number,
  session: SessionId,
  before: readonly PushPath[],
  now: readonly PushPath[],
): void {
  for (const { path, failedWhy, provenAt } of now) {
    const was = before.find((each) => each.path === path);
    const wasProven = was?.provenAt !== undefined && was.failedWhy === undefined;
    if (failedWhy !== undefined) {
      if (was?.failedWhy === undefined) happened(agentPk, "push.failing", { session, path, why: failedWhy });
    } else if (provenAt !== undefined && !wasProven) happened(agentPk, "push.proven", { session, path });
  }
}
