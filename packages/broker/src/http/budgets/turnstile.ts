/**
 * The turnstile: how much of one turn of the event loop is read from the connections of one caller, or of all that have shown
 * no valid token. Node makes requests of all that has come before anything can look at one of them, up to 64 KiB of a
 * connection and of every connection in the same turn. Who has had its time is read from again in the next turns, a few of its
 * connections at a time. Connections that nothing comes over cost nothing, and while nobody takes more than its time none is
 * stopped.
 */
import type { Socket } from "node:net";
import type { Connections } from "./connections.ts";

/** How long the connections of one caller are read from within one turn, in milliseconds. */
const READ_MS = 1;
/** What a reading costs at least, in milliseconds: Node's part of it cannot be measured from here. */
const LEAST_MS = 0.05;
/** Connections that are let through in one turn: after one that took too long, and when they bring little. */
const LEAST_AT_ONCE = 2;
const MOST_AT_ONCE = 64;
/** Turns in a row in which new connections go before those that wait. */
const NEW_IN_A_ROW = 16;

/** The connections of one caller. */
interface Gate {
  /** Time that was read in this turn. */
  spentMs: number;
  /** Connections that are not read from, in the order in which they were stopped. */
  readonly line: Set<Socket>;
  /** How many of them the next turn lets through. */
  atOnce: number;
  /** Whether the last one that was let through was the newest. */
  newest: boolean;
}

/** The turnstile of one server. */
export class Turnstile {
  readonly #connections: Connections;
  /** Of those of whose connections any was read from in this turn, or waits; that of all without a valid token is "". */
  readonly #gates = new Map<string, Gate>();
  /** Connections of which a request waits at the door: read from when it was begun. */
  readonly #held = new Set<Socket>();
  /** What of each connection was read before its first request: over TLS the handshake. */
  readonly #before = new WeakMap<Socket, number>();
  /** The connection that is being read from, and time in which what came over it was begun: that counts to the door. */
  #reading: Socket | undefined;
  #begunMs = 0;
  /** A connection is new in this turn, and in so many before it. */
  #isNew = false;
  #newInARow = 0;
  #endIsSet = false;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /**
   * A new connection, of which there is one in a turn: in a crowd it waits too, and the crowd for it. Turns without any
   * reading are short, so that nobody waits long to be taken.
   */
  opened(socket: Socket): void {
    socket.once("close", () => this.#closed(socket));
    this.#before.set(socket, socket.bytesRead);
    const gate = this.#gates.get("");
    if (!gate || gate.line.size === 0) return;
    this.#isNew = true;
    // After Node, which begins to read.
    process.nextTick(() => this.#stop(gate, socket));
  }

  /** A request came over this connection. */
  came(socket: Socket): void {
    if (this.#reading === socket) return;
    this.#reading = socket;
    this.#begunMs = 0;
    const began = performance.now();
    // After all that was read at once: Node reads on after each request by itself.
    process.nextTick(() => {
      this.#reading = undefined;
      if (this.#held.has(socket)) socket.pause();
      this.#took(socket, Math.max(LEAST_MS, performance.now() - began - this.#begunMs));
    });
  }

  /** A request that came was begun at once, and that took so long. */
  began(ms: number): void {
    this.#begunMs += ms;
  }

  /** Reads nothing more from a connection until it is let go. */
  hold(socket: Socket): void {
    this.#held.add(socket);
  }

  /** Reads from it again, when its turn comes. */
  letGo(socket: Socket): void {
    if (!this.#held.delete(socket)) return;
    for (const { line } of this.#gates.values()) if (line.has(socket)) return;
    socket.resume();
  }

  #closed(socket: Socket): void {
    this.#held.delete(socket);
    for (const { line } of this.#gates.values()) line.delete(socket);
  }

  #took(socket: Socket, ms: number): void {
    const share = this.#connections.shareOf(socket) ?? "";
    const gate = this.#gates.get(share) ?? { spentMs: 0, line: new Set(), atOnce: LEAST_AT_ONCE, newest: false };
    this.#gates.set(share, gate);
    const wasOver = gate.spentMs >= READ_MS;
    gate.spentMs += ms;
    this.#endTurn();
    if (gate.spentMs < READ_MS) return;
    if (!wasOver) for (const each of this.#connections.of(share)) if (each !== socket) this.#stop(gate, each);
    this.#stop(gate, socket);
  }

  #stop({ line }: Gate, socket: Socket): void {
    if (socket.destroyed || line.has(socket)) return;
    socket.pause();
    line.add(socket);
  }

  /** Has the turn end when the loop has been to all that was ready, and lets the next ones through. */
  #endTurn(): void {
    if (this.#endIsSet) return;
    this.#endIsSet = true;
    setImmediate(() => {
      this.#endIsSet = false;
      this.#newInARow = this.#isNew ? this.#newInARow + 1 : 0;
      for (const [share, gate] of this.#gates) {
        gate.atOnce = gate.spentMs < READ_MS ? Math.min(MOST_AT_ONCE, 2 * gate.atOnce) : LEAST_AT_ONCE;
        gate.spentMs = 0;
        if (share !== "" || this.#newInARow % NEW_IN_A_ROW === 0) this.#letThrough(gate);
        if (gate.line.size === 0) this.#gates.delete(share);
      }
      this.#isNew = false;
      if (this.#gates.size > 0) this.#endTurn();
    });
  }

  /** Whether nothing was heard of it yet. */
  readonly #isSilent = (socket: Socket): boolean => socket.bytesRead === (this.#before.get(socket) ?? 0);

  #letThrough(gate: Gate): void {
    for (let left = gate.atOnce; left > 0; left--) {
      const next = nextOf(gate, this.#isSilent);
      if (!next) return;
      gate.line.delete(next);
      if (!this.#held.has(next)) next.resume();
    }
  }
}

/** Who has waited longest, and every other time the newest that nobody has heard of yet: a crowd is not before it. */
function nextOf(gate: Gate, isSilent: (socket: Socket) => boolean): Socket | undefined {
  gate.newest = !gate.newest;
  const [first] = gate.line;
  let newest: Socket | undefined;
  if (gate.newest) for (const socket of gate.line) if (isSilent(socket)) newest = socket;
  return newest ?? first;
}
