/**
 * Turns: a look that is long goes on piece by piece, one piece of one look in a turn of the event loop. Callers come one
 * after the other, so that many looks of one delay no other caller by more than a piece.
 */
import { type AnyCaller, laneOfCaller } from "../caller.ts";
import { MeshError } from "../errors.ts";
import { Lanes } from "./lanes.ts";

/** How long a look goes on before it lets others have their turn, in milliseconds. */
const PIECE_MS = 3;

/** One look of one caller. */
export interface Look {
  /** To be awaited before each piece: at once while this turn has time left. @throws MeshError shutting_down when nobody waits any more */
  turn(): Promise<void>;
}

/** The looks that wait for their turn, in a lane per caller. */
export class Turns {
  readonly #lanes = new Lanes<string, () => void>(1);
  #isSet = false;

  /** Begins a look; it ends early when the signal says that nobody waits for it. All without a token are one caller. */
  look(caller: AnyCaller | undefined, signal?: Pick<AbortSignal, "aborted">): Look {
    const lane = laneOfCaller(caller);
    let until = 0;
    return {
      turn: async () => {
        if (signal?.aborted) throw new MeshError("shutting_down", "The look was ended: nobody waits for it any more.");
        if (performance.now() < until) return;
        await this.#next(lane);
        if (signal?.aborted) throw new MeshError("shutting_down", "The look was ended: nobody waits for it any more.");
        until = performance.now() + PIECE_MS;
      },
    };
  }

  #next(lane: string): Promise<void> {
    return new Promise((resolve) => {
      this.#lanes.add(lane, resolve);
      this.#set();
    });
  }

  #set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    setImmediate(() => {
      this.#isSet = false;
      const go = this.#lanes.next();
      if (!this.#lanes.isEmpty) this.#set();
      go?.();
    });
  }
}
