/**
 * The door: how much of one turn of the event loop new requests may take. What comes beyond that waits for the next turn, a
 * lane per caller; connections that have shown no valid token are not read from meanwhile. (New connections need none: Node
 * takes one in a turn.)
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Lanes } from "../../mesh/looks/lanes.ts";
import type { Connections } from "./connections.ts";
import { httpLimits } from "./limits.ts";

/** How long requests are begun within one turn, in milliseconds. */
const TURN_MS = 4;

/** Requests of one lane that are begun in a row: who is sent much has to ask as much. */
const IN_A_ROW = 8;

/** Begins a request. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A lane, and among whose it is. */
interface Place {
  readonly group: Lanes<string | Socket, Waiting>;
  readonly lane: string | Socket;
}

/** What one connection has asked and was not answered yet. */
interface Asked {
  unanswered: number;
  waiting: number;
  /** Where its requests wait, all in their order: also when its token was seen to be valid in between. */
  place: Place | undefined;
}

/** The door of one server. */
export class Door {
  readonly #connections: Connections;
  readonly #handle: Handle;
  readonly #asked = new WeakMap<Socket, Asked>();
  /** Those whose token was valid, a lane per caller. */
  readonly #proven = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** Those that show a token on a new connection, a lane per token. */
  readonly #claiming = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** Those without, a lane per connection. */
  readonly #nameless = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** One of each group in a round. */
  readonly #groups = [this.#proven, this.#claiming, this.#nameless];
  /** Until when requests are begun in this turn; undefined before its first one. */
  #until: number | undefined;
  #endIsSet = false;

  constructor(connections: Connections, handle: Handle) {
    this.#connections = connections;
    this.#handle = handle;
  }

  /** A request came: it is begun at once while this turn has time left, or in the turn of its caller. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (socket.destroyed) return;
    const asked = this.#asked.get(socket) ?? { unanswered: 0, waiting: 0, place: undefined };
    this.#asked.set(socket, asked);
    asked.unanswered++;
    // Who asks on and on before it has been answered is hung up on; what else it sent is dropped here.
    if (asked.unanswered > httpLimits.pipelined) {
      socket.destroy();
      return;
    }
    response.once("close", () => asked.unanswered--);
    this.#endTurn();
    this.#until ??= performance.now() + TURN_MS;
    if (this.#nobodyWaits && performance.now() < this.#until) this.#handle(request, response);
    else this.#wait(asked, request, response);
  }

  get #nobodyWaits(): boolean {
    return this.#groups.every(({ isEmpty }) => isEmpty);
  }

  #wait(asked: Asked, request: IncomingMessage, response: ServerResponse): void {
    asked.place ??= this.#placeOf(request);
    asked.waiting++;
    const { group, lane } = asked.place;
    group.add(lane, { request, response });
    if (group !== this.#proven) request.socket.pause();
  }

  #placeOf({ socket, headers: { authorization } }: IncomingMessage): Place {
    const share = this.#connections.shareOf(socket);
    if (share !== undefined) return { group: this.#proven, lane: share };
    if (authorization !== undefined) return { group: this.#claiming, lane: authorization };
    return { group: this.#nameless, lane: socket };
  }

  /** Has the turn end when the loop has been to all that was ready, and the next one begin. */
  #endTurn(): void {
    if (this.#endIsSet) return;
    this.#endIsSet = true;
    setImmediate(() => {
      this.#endIsSet = false;
      this.#until = this.#nobodyWaits ? undefined : performance.now() + TURN_MS;
      if (!this.#nobodyWaits) this.#endTurn();
      this.#begin(0);
    });
  }

  /** Begins what waits until the turn is over, one of a group after one of the next. */
  #begin(round: number): void {
    const next = this.#next(round);
    if (!next) return;
    const { socket } = next.request;
    const asked = this.#asked.get(socket);
    if (asked && --asked.waiting === 0) {
      if (asked.place?.group !== this.#proven) socket.resume();
      asked.place = undefined;
    }
    this.#handle(next.request, next.response);
    // After all that it does without waiting for anything, so that its cost counts to this turn.
    queueMicrotask(() =>
      process.nextTick(() => {
        if (this.#until !== undefined && performance.now() < this.#until) this.#begin(round + 1);
      }),
    );
  }

  /** What is next: of the group whose turn it is, or of those behind it. Who was hung up on costs no time. */
  #next(round: number): Waiting | undefined {
    for (let i = 0; i < this.#groups.length; i++) {
      const group = this.#groups[(round + i) % this.#groups.length];
      let next = group?.next();
      while (next?.request.socket.destroyed) next = group?.next();
      if (next) return next;
    }
    return undefined;
  }
}
