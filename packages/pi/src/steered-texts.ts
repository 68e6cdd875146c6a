/** Texts given to Pi to be put before its model, and what has become of each: Pi itself does not say. */
import { noncesIn, type PushSigns, type Sign } from "agentmesh-mcp/session";

const MAX_KEPT = 1_000;

/** What Pi has been given, and means to show, stands in the conversation so soon after a run has begun or ended. */
const TAKES_UP_WITHIN_MS = 1_000;

/** A user who has just stopped the model is not to find it at work again at once. */
const STAYS_STOPPED_MS = 10_000;

/**
 * `handed`: Pi has it. `left`: the run is over that should have shown it. `given`: it stands in the conversation. `shown`:
 * the model has answered after it. `dropped`: Pi has it no more.
 */
type Stage = "handed" | "left" | "given" | "shown" | "dropped";

/** Reads the signs off Pi's events. That the user has emptied Pi's queue, as Escape does, shows by what never came. */
export class SteeredTexts implements PushSigns {
  readonly readable = true;
  readonly #stages = new Map<string, Stage>();
  #running = false;
  #looking: NodeJS.Timeout | undefined;

  /** Pi is given a text. */
  handed(text: string): void {
    for (const nonce of noncesIn(text)) this.#stages.set(nonce, "handed");
    const oldest = this.#stages.size > MAX_KEPT ? this.#stages.keys().next().value : undefined;
    if (oldest !== undefined) this.#stages.delete(oldest);
  }

  /** A text of ours stands in the conversation. */
  given(text: string): void {
    for (const nonce of noncesIn(text)) if (this.#stages.has(nonce)) this.#stages.set(nonce, "given");
  }

  /** The model has finished a step: it was shown what stood in the conversation. */
  answered(): void {
    this.#move("given", "shown");
  }

  /** A run begins: what an earlier one has left may be pushed into this one. */
  began(): void {
    this.#running = true;
    if (this.#looking) this.#dropAfter(TAKES_UP_WITHIN_MS);
  }

  /** A run is over, and Pi begins none by itself. */
  settled({ aborted }: { readonly aborted: boolean }): void {
    this.#running = false;
    if (this.#move("handed", "left")) this.#dropAfter(aborted ? STAYS_STOPPED_MS : TAKES_UP_WITHIN_MS);
  }

  /** The session is over. */
  stop(): void {
    clearTimeout(this.#looking);
  }

  read(nonces: readonly string[]): ReadonlyMap<string, Sign> {
    return new Map(
      nonces.flatMap((nonce) => {
        const sign = this.#signOf(this.#stages.get(nonce));
        return sign ? [[nonce, sign] as const] : [];
      }),
    );
  }

  /** Nothing: all of the session was listened to. */
  search(): void {}

  #signOf(stage: Stage | undefined): Sign | undefined {
    switch (stage) {
      case "shown":
      case "dropped":
        return stage;
      case "given":
      case "left":
        return "taken";
      case "handed":
        // An idle session should have shown it at once.
        return this.#running ? "taken" : undefined;
      case undefined:
        return undefined;
    }
  }

  #dropAfter(ms: number): void {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.#move("left", "dropped");
    }, ms).unref();
  }

  #move(from: Stage, to: Stage): boolean {
    let moved = false;
    for (const [nonce, stage] of this.#stages) {
      if (stage !== from) continue;
      this.#stages.set(nonce, to);
      moved = true;
    }
    return moved;
  }
}
