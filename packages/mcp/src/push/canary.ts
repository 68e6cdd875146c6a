/** Canaries: texts without a message that show whether a push path reaches the model, sent while it is at work anyway. */
import { pause } from "@agentmesh/client";
import type { Log } from "../log.ts";
import type { PushSigns } from "../transcript/transcript.ts";
import type { Evidence } from "./evidence.ts";
import type { Mail } from "./hook-mail.ts";
import type { PushPath } from "./push-path.ts";
import type { PushPaths } from "./push-paths.ts";
import { pushNonce } from "./push-text.ts";

/** Pause after the first canary of a path that failed, in milliseconds. */
const AGAIN_MS = 60_000;

/** The longest of these pauses, in milliseconds. */
const MAX_AGAIN_MS = 600_000;

/** A path takes a canary within this time, or is not waited for; then the client reads it within the second one. */
const TAKEN_WITHIN_MS = 300;
const SETTLES_MS = 100;

const WORDS =
  "agentmesh: a check that messages from other agents reach this session. Nothing to do, nothing to answer.";

/** What canaries work with. */
export interface CanaryParts {
  readonly transcript: PushSigns;
  readonly paths: PushPaths;
  readonly evidence: Evidence;
  readonly log: Log;
  /** Whether there are to be any. */
  readonly enabled: boolean;
  /** A path that failed gets its next one after this long, then after twice as long; left out, a minute. */
  readonly againMs?: number;
}

/** Proves each path that a message would take, once a session, and again after it has failed. */
export class Canaries {
  readonly #parts: CanaryParts;
  readonly #sent = new Map<string, { readonly atMs: number; readonly count: number }>();
  /** Those whose last canary said nothing: there was nothing to read its signs in. */
  readonly #unjudged = new Set<string>();
  #underWay = false;

  constructor(parts: CanaryParts) {
    this.#parts = parts;
  }

  /**
   * Sends one if a path is due one. For moments at which the client waits for a tool or a hook: what it has by the end of
   * such a wait comes before the model with the next step of that turn; later it would begin a turn of its own. Resolves
   * when the client can be taken to have it, soon in any case. Never throws.
   */
  async withinTurn(): Promise<void> {
    const { paths, log } = this.#parts;
    const path = this.#due(paths.unproven).find(({ withinTurn }) => withinTurn);
    if (!path) return;
    const pushed = this.#push(path.name).catch((error: unknown) => log.error("canary.broke", { error }));
    await Promise.race([pushed, pause(TAKEN_WITHIN_MS)]);
    await pause(SETTLES_MS);
  }

  /** One for a hook to say in a turn, if the session's hooks are its only way left and due one. */
  forHook(): Mail | undefined {
    const { paths, evidence } = this.#parts;
    const hooks = paths.usable ? undefined : this.#due(paths.unproven).find(({ push }) => push === undefined);
    if (!hooks) return undefined;
    const nonce = this.#begin(hooks.name);
    return {
      text: canaryText(nonce),
      shown: async () => evidence.expect(this.#awaited(hooks.name, nonce)),
      lost: async () => {
        this.#sent.delete(hooks.name);
        this.#underWay = false;
      },
    };
  }

  /**
   * Those that are due one. Without signs to read it could only make a path look broken that is not; where these are still to come
   * it is sent, for a session may call no second tool, and is judged when they are there.
   */
  #due(unproven: PushPaths["unproven"]): PushPath[] {
    const { enabled, transcript, againMs = AGAIN_MS } = this.#parts;
    if (!enabled || this.#underWay) return [];
    const due = unproven.filter(({ path, failing }) => {
      const sent = this.#sent.get(path.name);
      if (!sent) return true;
      const isDue = failing || this.#unjudged.has(path.name);
      return isDue && performance.now() - sent.atMs > Math.min(againMs * 2 ** (sent.count - 1), MAX_AGAIN_MS);
    });
    if (due.length === 0 || !(transcript.readable || transcript.awaited)) return [];
    return due.map(({ path }) => path);
  }

  #begin(path: string): string {
    this.#underWay = true;
    this.#sent.set(path, { atMs: performance.now(), count: (this.#sent.get(path)?.count ?? 0) + 1 });
    return pushNonce();
  }

  async #push(path: string): Promise<void> {
    const { paths, evidence, log } = this.#parts;
    const nonce = this.#begin(path);
    const meta = { from: "mesh", message_id: nonce, sent_at: new Date().toISOString() };
    const pushed = await paths.push(() => ({ text: canaryText(nonce), whole: new Set() }), meta, path);
    log.debug("canary.sent", { path, taken: "path" in pushed });
    if ("path" in pushed) evidence.expect(this.#awaited(path, nonce));
    else this.#underWay = false;
  }

  #awaited(path: string, nonce: string) {
    const settled = (proven: boolean) => {
      this.#underWay = false;
      if (!proven && this.#parts.transcript.awaited) this.#unjudged.add(path);
      else this.#unjudged.delete(path);
    };
    return { nonce, path, deliveries: [], whole: new Set<string>(), settled };
  }
}

function canaryText(nonce: string): string {
  return `${WORDS} (push ${nonce})`;
}
