/**
 * The door: how much of one turn of the event loop new requests and new connections may take. What comes beyond that waits
 * for the next turn, a lane per caller; connections that have shown no token are not read from meanwhile.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Connections } from "./connections.ts";
import { Lanes } from "./lanes.ts";
import { httpLimits } from "./limits.ts";

/** How long requests are begun within one turn, in milliseconds. */
const TURN_MS = 4;
/** New connections whose first bytes are read in one turn: one read may hold a thousand requests. */
const NEW_PER_TURN = 4;

/** Begins a request. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly lane: Lane;
}

/** Where the requests of a connection wait. */
interface Lane {
  readonly lanes: Lanes<string | Socket, Waiting>;
  readonly key: string | Socket;
}

/** What one connection has asked and was not answered yet. */
interface Asked {
  unanswered: number;
  waiting: number;
  lane: Lane | undefined;
}

/** The door of one server. */
export class Door {
  readonly #connections: Connections;
  readonly #handle: Handle;
  readonly #asked = new WeakMap<Socket, Asked>();
  readonly #proven = new Lanes<string | Socket, Waiting>();
  /** A lane per connection, all of them together as much as those with a token. */
  readonly #unproven = new Lanes<string | Socket, Waiting>();
  readonly #new: Socket[] = [];
  #newInTurn = 0;
  /** Until when requests are begun in this turn; undefined before its first one. */
  #until: number | undefined;
  #endIsSet = false;

  constructor(connections: Connections, handle: Handle) {
    this.#connections = connections;
    this.#handle = handle;
  }

  /** A connection was opened: it is read from in its turn. */
  opened(socket: Socket): void {
    this.#connections.opened(socket);
    this.#endTurn();
    if (this.#new.length === 0 && this.#newInTurn < NEW_PER_TURN) {
      this.#newInTurn++;
      return;
    }
    socket.pause();
    this.#new.push(socket);
  }

  /** A request came: it is begun at once while this turn has time left, or in the turn of its caller. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (socket.destroyed) return;
    const asked = this.#asked.get(socket) ?? { unanswered: 0, waiting: 0, lane: undefined };
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
    return this.#proven.isEmpty && this.#unproven.isEmpty;
  }

  #wait(asked: Asked, request: IncomingMessage, response: ServerResponse): void {
    const share = this.#connections.shareOf(request.socket);
    // What came over one connection is begun in its order, also when its token was seen to be valid in between.
    asked.lane ??=
      share === undefined ? { lanes: this.#unproven, key: request.socket } : { lanes: this.#proven, key: share };
    const { lane } = asked;
    asked.waiting++;
    lane.lanes.add(lane.key, { request, response, lane });
    if (lane.lanes === this.#unproven) request.socket.pause();
  }

  /** Has the turn end when the loop has been to all that was ready, and the next one begin. */
  #endTurn(): void {
    if (this.#endIsSet) return;
    this.#endIsSet = true;
    setImmediate(() => {
      this.#endIsSet = false;
      this.#newInTurn = 0;
      for (const socket of this.#new.splice(0, NEW_PER_TURN)) {
        this.#newInTurn++;
        socket.resume();
      }
      this.#until = this.#nobodyWaits ? undefined : performance.now() + TURN_MS;
      if (this.#new.length > 0 || !this.#nobodyWaits) this.#endTurn();
      this.#begin(this.#proven);
    });
  }

  /** Begins what waits until the turn is over: one with a token, one without, and so on. */
  #begin(first: Lanes<string | Socket, Waiting>): void {
    const other = first === this.#proven ? this.#unproven : this.#proven;
    let next = first.next() ?? other.next();
    // Who was hung up on costs no time.
    while (next?.request.socket.destroyed) next = first.next() ?? other.next();
    if (!next) return;
    const { request, response, lane } = next;
    const { socket } = request;
    const asked = this.#asked.get(socket);
    if (asked && --asked.waiting === 0) {
      asked.lane = undefined;
      if (lane.lanes === this.#unproven) socket.resume();
    }
    this.#handle(request, response);
    // After all that it does without waiting for anything, so that its cost counts to this turn.
    queueMicrotask(() =>
      process.nextTick(() => {
        if (this.#until !== undefined && performance.now() < this.#until) this.#begin(other);
      }),
    );
  }
}
