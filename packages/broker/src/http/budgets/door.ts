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
import type { Turnstile } from "./turnstile.ts";

/** How long requests are begun within one turn, in milliseconds. */
const TURN_MS = 4;

/** Requests of one lane that are begun in a row, and in one turn while others ask too: who is sent much has to ask as much. */
const IN_A_ROW = 2;

/** For so long after another one has asked something there are others, in milliseconds. */
const OTHERS_MS = 100;

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
  readonly #turnstile: Turnstile;
  readonly #asked = new WeakMap<Socket, Asked>();
  /** Those whose token was valid, a lane per caller. */
  readonly #proven = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** Those that show a token on a new connection, a lane per token. */
  readonly #claiming = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** Those without, a lane per connection. */
  readonly #nameless = new Lanes<string | Socket, Waiting>(IN_A_ROW);
  /** One of each group in a round. */
  readonly #groups = [this.#proven, this.#claiming, this.#nameless];
  /** The group whose turn it is: kept from one turn of the event loop to the next, for one that is short serves one group. */
  #round = 0;
  /** Until when requests are begun in this turn; undefined before its first one. */
  #until: number | undefined;
  #endIsSet = false;
  /** How many of each lane were begun in this turn. */
  readonly #begun = new Map<Place["lane"], number>();
  /** Who asked last, and until when there is another one. */
  #last: Place["lane"] | undefined;
  #othersUntil = 0;

  constructor(connections: Connections, turnstile: Turnstile, handle: Handle) {
    this.#connections = connections;
    this.#turnstile = turnstile;
    this.#handle = handle;
  }

  /** A request came: it is begun at once while this turn has time left, or in the turn of its caller. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#turnstile.came(socket);
    if (socket.destroyed) return;
    const asked = this.#asked.get(socket) ?? { unanswered: 0, waiting: 0, place: undefined };
    this.#asked.set(socket, asked);
    asked.unanswered++;
    // Who asks on and on before it has been answered is hung up on; what else it sent is dropped here.
    if (asked.unanswered > httpLimits.pipelined) {
      socket.destroy();
      return;
    }
    response.on("close", () => asked.unanswered--);
    this.#endTurn();
    const now = performance.now();
    this.#until ??= now + TURN_MS;
    const { group, lane } = asked.place ?? this.#placeOf(request);
    if (lane !== (this.#last ?? lane)) this.#othersUntil = now + OTHERS_MS;
    this.#last = lane;
    // Of who has shown no valid token the second request waits until all that it sent was read: it may be hung up on by then.
    const isPlain = group === this.#proven || asked.unanswered === 1;
    if (isPlain && this.#nobodyWaits && now < this.#until && !this.#hadItsShare(lane)) {
      this.#count(lane);
      this.#handle(request, response);
      this.#turnstile.began(performance.now() - now);
    } else this.#wait(asked, request, response);
  }

  get #nobodyWaits(): boolean {
    return this.#groups.every(({ isEmpty }) => isEmpty);
  }

  /** While others ask too, nobody takes the whole turn: what follows from its requests would take theirs. */
  readonly #hadItsShare = (lane: Place["lane"]): boolean =>
    (this.#begun.get(lane) ?? 0) >= IN_A_ROW && performance.now() < this.#othersUntil;

  #count(lane: Place["lane"]): void {
    this.#begun.set(lane, (this.#begun.get(lane) ?? 0) + 1);
  }

  #wait(asked: Asked, request: IncomingMessage, response: ServerResponse): void {
    asked.place ??= this.#placeOf(request);
    asked.waiting++;
    const { group, lane } = asked.place;
    group.add(lane, { request, response });
    if (group !== this.#proven) this.#turnstile.hold(request.socket);
  }

  #placeOf({ socket, headers: { authorization, cookie } }: IncomingMessage): Place {
    const share = this.#connections.shareOf(socket);
    if (share !== undefined) return { group: this.#proven, lane: share };
    const claim = authorization ?? cookie;
    if (claim !== undefined) return { group: this.#claiming, lane: claim };
    return { group: this.#nameless, lane: socket };
  }

  /** Has the turn end when the loop has been to all that was ready, and the next one begin. */
  #endTurn(): void {
    if (this.#endIsSet) return;
    this.#endIsSet = true;
    setImmediate(() => {
      this.#endIsSet = false;
      this.#begun.clear();
      this.#until = this.#nobodyWaits ? undefined : performance.now() + TURN_MS;
      if (!this.#nobodyWaits) this.#endTurn();
      this.#begin();
    });
  }

  /** Begins what waits until the turn is over, one of a group after one of the next. */
  #begin(): void {
    const next = this.#next();
    if (!next) return;
    const { socket } = next.request;
    const asked = this.#asked.get(socket);
    if (asked?.place) this.#count(asked.place.lane);
    if (asked && --asked.waiting === 0) {
      this.#turnstile.letGo(socket);
      asked.place = undefined;
    }
    this.#handle(next.request, next.response);
    // After all that it does without waiting for anything, so that its cost counts to this turn.
    queueMicrotask(() =>
      process.nextTick(() => {
        if (this.#until !== undefined && performance.now() < this.#until) this.#begin();
      }),
    );
  }

  /** What is next: of the group whose turn it is, or of those behind it. Who was hung up on costs no time. */
  #next(): Waiting | undefined {
    for (let i = 0; i < this.#groups.length; i++) {
      const group = this.#groups[this.#round++ % this.#groups.length];
      let next = group?.next(this.#hadItsShare);
      while (next?.request.socket.destroyed) next = group?.next(this.#hadItsShare);
      if (next) return next;
    }
    return undefined;
  }
}
