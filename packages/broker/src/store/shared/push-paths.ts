/** What there is to tell of the push paths of a session: which are proven or failing now and were not before. */
import type { PushPath } from "@agentmesh/protocol";

/** A path of which there is something to tell; without a reason it is proven. */
export interface PathNews {
  readonly path: PushPath["path"];
  readonly why: string | undefined;
}

/** What is to be told. */
export function pathNews(before: readonly PushPath[], now: readonly PushPath[]): PathNews[] {
  return now.flatMap(({ path, failedWhy, provenAt }): PathNews[] => {
    const was = before.find((each) => each.path === path);
    if (failedWhy !== undefined) return was?.failedWhy === undefined ? [{ path, why: failedWhy }] : [];
    const wasProven = was?.provenAt !== undefined && was.failedWhy === undefined;
    return provenAt !== undefined && !wasProven ? [{ path, why: undefined }] : [];
  });
}
