/** Steps that are tried of a client, and how each is told. */

/** One step that was tried. */
export interface Proof {
  readonly step: string;
  readonly ok: boolean;
  /** What was seen, or why it failed. */
  readonly detail: string;
  /** From the acceptance of the message to the model request that shows it. */
  readonly shownMs?: number;
}

/** Tells each proof as it is made. */
export type Tell = (proof: Proof) => void;

/** Runs steps; what a step needs and an earlier one did not bring makes it fail with that word. */
export class Steps {
  readonly #tell: Tell;
  readonly #onFailure: (step: string) => Promise<void>;

  constructor(tell: Tell, onFailure: (step: string) => Promise<void> = async () => {}) {
    this.#tell = tell;
    this.#onFailure = onFailure;
  }

  async step(step: string, act: () => Promise<string | { readonly detail: string; readonly shownMs: number }>) {
    try {
      const seen = await act();
      this.#tell(typeof seen === "string" ? { step, ok: true, detail: seen } : { step, ok: true, ...seen });
    } catch (error) {
      await this.#onFailure(step).catch(() => undefined);
      this.#tell({ step, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
}
