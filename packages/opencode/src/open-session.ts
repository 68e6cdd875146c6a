/** One root session of OpenCode as a push path meets it: its id, and how it was prompted last. */
import type { UserMessage } from "./opencode.ts";

/** Known once it was prompted; before, there is nothing to push into. */
export class OpenSession {
  #id: string | undefined;
  #lastPrompt: Pick<UserMessage, "id" | "agent" | "model"> | undefined;
  /** Those of this session and its sub-agents whose model is at work. */
  readonly #busy = new Set<string>();

  get id(): string | undefined {
    return this.#id;
  }

  get lastPrompt(): Pick<UserMessage, "agent" | "model"> | undefined {
    return this.#lastPrompt;
  }

  get busy(): boolean {
    return this.#busy.size > 0;
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
    else this.#busy.delete(id);
  }
}
