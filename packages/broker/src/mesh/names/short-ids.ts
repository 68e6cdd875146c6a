/** Ids as people type them: the beginning of one stands for it while no other begins so. */
import { MIN_SHORT_ID_DIGITS } from "@agentmesh/protocol";
import { MeshError } from "../errors.ts";
import type { Store, Viewer } from "../store.ts";

const CUT_SHORT = new RegExp(`^(agt|msg|dlv|thr)_[0-9a-f]{${MIN_SHORT_ID_DIGITS},31}$`);

/**
 * The id that begins so, of what the viewer may see; what is no beginning, or that of nothing, as it is.
 * @throws MeshError invalid_request when several begin so
 */
export async function wholeId(store: Store, ref: string, viewer: Viewer): Promise<string> {
  if (!CUT_SHORT.test(ref)) return ref;
  return onlyId(ref, await store.idsLike(ref, viewer));
}

/** The one id of those that begin so; what is the beginning of none, as it is. @throws MeshError invalid_request */
export function onlyId(ref: string, [found, ...others]: readonly string[]): string {
  if (others.length === 0) return found ?? ref;
  throw new MeshError(
    "invalid_request",
    `Several ids begin with ${ref}: ${[found, ...others].join(", ")}. Write more of the one that you mean.`,
  );
}
