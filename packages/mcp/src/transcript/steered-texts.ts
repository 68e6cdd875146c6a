/** Texts given to a client from inside to be put before its model, and what has become of each, by the order of its events. */
import { noncesIn } from "../push/push-text.ts";
import type { PushSigns, Sign } from "./transcript.ts";

const MAX_KEPT = 1_000;

/** What the client has been given, and means to show, stands in the conversation so soon after a run has begun or ended. */
const TAKES_UP_WITHIN_MS = 1_000;

/** A user who has just stopped the model is not to find it at work again at once. */
const STAYS_STOPPED_MS = 10_000;

/**
 * `handed`: the client has it. `left`: the run is over that should have shown it. `given`: it stands in the conversation. `shown`:
 * the model has answered after it. `dropped`: the client has it no more.
 */
type Stage = "handed" | "left" | "given" | "shown" | "dropped";

/** Told of the events. That the user has emptied a client's queue shows by what never came. */
export class SteeredTexts implements PushSigns {
  readonly readable = true;
  readonly #stages = new Map<string, Stage>();
  #running = false;
  #looking: NodeJS.Timeout | undefined;

  /** The client is given a text. */
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

  /** A run is over; what the client was given meanwhile it shows in the next. */
  rests(): void {
    this.#running = false;
  }

  /** A run is over, and the client begins none by itself. */
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
