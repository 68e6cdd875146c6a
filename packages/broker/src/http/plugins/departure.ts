/** Leaving: nothing new is taken, what was taken is answered, and the last answer of a connection says that it ends. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { httpLimits } from "../budgets/limits.ts";

/** How long connections stay for a request that was on its way when the last one was answered, in milliseconds. */
const ON_ITS_WAY_MS = 50;

/** What an application has under way, whichever way a request goes through it, and how it leaves. */
export class Departure {
  readonly #stopListening: () => void;
  /** How many requests are under way, and the newest of each connection. */
  #underWay = 0;
  readonly #newest = new Map<Socket, IncomingMessage>();
  readonly #told = new WeakSet<Socket>();
  #leaving = false;
  #changed = () => {};

  constructor(stopListening: () => void) {
    this.#stopListening = stopListening;
  }

  /** A request is taken; false when the last answer of its connection has been given: nobody is told that it was taken. */
  begun(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    if (this.#told.has(socket)) return false;
    this.#underWay++;
    this.#newest.set(socket, request);
    this.#changed();
    response.on("close", () => {
      this.#underWay--;
      if (this.#newest.get(socket) === request) this.#newest.delete(socket);
      this.#changed();
    });
    return true;
  }

  /** Whether the answer that is given now says that its connection ends. Answers go out in the order of the requests, whichever is ready first. */
  isLast(request: IncomingMessage): boolean {
    const { socket } = request;
    if (!this.#leaving || this.#newest.get(socket) !== request) return false;
    this.#told.add(socket);
    return true;
  }

  /** Takes nothing more; resolves when all that was taken is answered, or after `leaveMs`, to how many were not. */
  async leave(): Promise<number> {
    this.#leaving = true;
    this.#stopListening();
    const deadline = performance.now() + httpLimits.leaveMs;
    for (;;) {
      const rest = deadline - performance.now();
      if (rest <= 0) break;
      if (this.#underWay > 0) await this.#change(rest);
      else if (!(await this.#change(Math.min(rest, ON_ITS_WAY_MS)))) break;
    }
    return this.#underWay;
  }

  /** Resolves to whether anything changed within the time. */
  #change(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, ms));
      this.#changed = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/** Has a departure watch what goes through the hooks of an application; before any other hook. */
export function watchDeparture(app: FastifyInstance, departure: Departure): void {
  app.addHook("onRequest", async (request, reply) => {
    // Its last answer has been given: what comes behind that is not taken.
    if (!departure.begun(request.raw, reply.raw)) return reply.hijack();
  });
  app.addHook("onSend", async (request, reply) => {
    if (departure.isLast(request.raw)) reply.header("connection", "close");
  });
}
