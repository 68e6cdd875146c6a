/** Signs of pushed texts in OpenCode's sessions: OpenCode has taken a text as a prompt, the model has answered after it. */
import { noncesIn, type PushSigns, type Sign } from "agentmesh-mcp/session";
import type { AssistantMessage } from "./opencode.ts";

const MAX_KEPT = 1_000;

/** Where a pushed text stands. */
interface Place {
  readonly sessionID: string;
  readonly messageID: string;
  readonly sign: Sign;
}

/** Reads the signs off OpenCode's events. */
export class SessionSigns implements PushSigns {
  readonly readable = true;
  readonly #prompts = new Set<string>();
  readonly #places = new Map<string, Place>();

  /** A message is a prompt: nonces in its text are pushed ones, and not the model's own words. */
  prompted(messageID: string): void {
    this.#prompts.add(messageID);
    dropOldest(this.#prompts);
  }

  /** A text of a message. */
  text({ sessionID, messageID }: Pick<Place, "sessionID" | "messageID">, text: string): void {
    if (!this.#prompts.has(messageID)) return;
    for (const nonce of noncesIn(text)) {
      if (this.#places.has(nonce)) continue;
      this.#places.set(nonce, { sessionID, messageID, sign: "taken" });
      dropOldest(this.#places);
    }
  }

  /** A step of the model. One that is finished without an error had every prompt up to its own before it. */
  answered({ sessionID, parentID, finish, error }: AssistantMessage): void {
    if (finish === undefined || error !== undefined) return;
    for (const [nonce, place] of this.#places) {
      if (place.sessionID !== sessionID || place.messageID > parentID) continue;
      this.#places.set(nonce, { ...place, sign: "shown" });
    }
  }

  read(nonces: readonly string[]): ReadonlyMap<string, Sign> {
    return new Map(
      nonces.flatMap((nonce) => {
        const place = this.#places.get(nonce);
        return place ? [[nonce, place.sign] as const] : [];
      }),
    );
  }

  /** Nothing: every session of this process was listened to. */
  search(): void {}
}

function dropOldest(kept: Set<string> | Map<string, unknown>): void {
  const oldest = kept.size > MAX_KEPT ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
}
