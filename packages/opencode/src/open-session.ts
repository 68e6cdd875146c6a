/** One root session of OpenCode as a push path meets it: its id, and how it was prompted last. */
import type { OpenDialog } from "agentmesh-mcp/session";
import type { UserMessage } from "./opencode.ts";

/** Known once it was prompted; before, there is nothing to push into. */
export class OpenSession {
  #id: string | undefined;
  #lastPrompt: Pick<UserMessage, "id" | "agent" | "model"> | undefined;
  /** Those of this session and its sub-agents whose model is at work. */
  readonly #busy = new Set<string>();

  /** What its user is asked, by OpenCode's id of the request, and by which of them. */
  readonly #asked = new Map<string, { readonly sessionID: string; readonly dialog: OpenDialog }>();

  get id(): string | undefined {
    return this.#id;
  }

  get lastPrompt(): Pick<UserMessage, "agent" | "model"> | undefined {
    return this.#lastPrompt;
  }

  get busy(): boolean {
    return this.#busy.size > 0;
  }

  /** What its user is asked, for longest; null when nothing. */
  get dialog(): OpenDialog | null {
    const [first] = this.#asked.values();
    return first?.dialog ?? null;
  }

  /** Notes that its user is asked something. */
  asked(request: string, sessionID: string, about: OpenDialog["about"]): void {
    this.#asked.set(request, { sessionID, dialog: { about, sinceMs: Date.now() } });
  }

  /** Notes that its user has answered. */
  answered(request: string): void {
    this.#asked.delete(request);
  }

  /** Says which session it is. */
  is(id: string): void {
    this.#id = id;
  }

  /** Notes a prompt; true when it is a new one. OpenCode tells of the same one several times. */
  prompted({ id, agent, model }: UserMessage): boolean {
    if (this.#lastPrompt && this.#lastPrompt.id >= id) return false;
    this.#lastPrompt = { id, agent, model };
    return true;
  }

  /** Notes whether a model of it is at work. */
  status(id: string, busy: boolean): void {
    if (busy) this.#busy.add(id);
    else {
      this.#busy.delete(id);
      // Whoever stops the model leaves its questions unanswered.
      for (const [request, { sessionID }] of this.#asked) if (sessionID === id) this.#asked.delete(request);
    }
  }
}
