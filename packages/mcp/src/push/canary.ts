/** A canary: a text with a nonce that is pushed on request, to learn whether pushes reach the model. */
import { pause } from "@agentmesh/client";
import type { Evidence } from "./evidence.ts";
import type { PushPaths } from "./push-paths.ts";
import { pushNonce } from "./push-text.ts";

/** What came of it. */
export type CanaryOutcome =
  /** Evidence came through this path. */
  | { readonly path: string; readonly provenAfterMs: number }
  /** The path took the text; no evidence came in time. */
  | { readonly path: string; readonly silentForMs: number }
  /** No path took it: each with its reason; empty when the session has none that can push now. */
  | { readonly failed: readonly { readonly path: string; readonly failedWhy?: string | undefined }[] };

/** What a canary works with. */
export interface CanaryParts {
  readonly paths: PushPaths;
  readonly evidence: Evidence;
}

/**
 * Pushes `text` through the path that a message would take now, and waits up to `withinMs` for evidence: the transcript
 * shows it, or the model repeats its nonce in a call of any tool of ours. `from` is the sender as the client is told.
 */
export async function pushCanary(
  { paths, evidence }: CanaryParts,
  { text, from, withinMs }: { readonly text: string; readonly from: string; readonly withinMs: number },
): Promise<CanaryOutcome> {
  const nonce = pushNonce();
  const began = performance.now();
  const meta = { from, message_id: nonce, sent_at: new Date().toISOString() };
  const pushed = await paths.push(() => ({ text: `${text}\n(push ${nonce})`, whole: new Set() }), meta);
  if ("failed" in pushed) return pushed;
  const { path } = pushed;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  evidence.expect({ nonce, path, deliveries: [], whole: new Set(), settled: resolve });
  const proven = await Promise.race([promise, pause(withinMs).then(() => false)]);
  const afterMs = Math.round(performance.now() - began);
  return proven ? { path, provenAfterMs: afterMs } : { path, silentForMs: afterMs };
}
