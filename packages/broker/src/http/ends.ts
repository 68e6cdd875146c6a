/** How a request ends: its answer is written, or its caller is gone before. */
import type { ServerResponse } from "node:http";

/** Calls the listener once: whether the answer was written, or the caller had gone. One that was written closes, too: the first of both counts. */
export function whenAnswered(response: ServerResponse, listener: (written: boolean) => void): void {
  const over = () => {
    response.off("finish", over).off("close", over);
    listener(response.writableFinished);
  };
  if (response.closed || response.destroyed) over();
  else response.once("finish", over).once("close", over);
}

/** Aborted when the connection of a request closes, or has closed. */
export function closeOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.closed || response.destroyed) gone.abort();
  else response.once("close", () => gone.abort());
  return gone.signal;
}

/** When nobody waits for an answer any more. Its signal is made for who looks at it: most acts do not. */
export class Gone {
  readonly #response: ServerResponse;
  readonly #closing: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(response: ServerResponse, closing: AbortSignal) {
    this.#response = response;
    this.#closing = closing;
  }

  /** The caller is gone. */
  get aborted(): boolean {
    return this.#response.closed || this.#response.destroyed;
  }

  /** It is, or the broker stops. */
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([closeOf(this.#response), this.#closing]);
    return this.#signal;
  }
}
