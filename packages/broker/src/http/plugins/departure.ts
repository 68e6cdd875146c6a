/** Leaving: nothing new is taken, what was taken is answered, and the last answer of a connection says that it ends. */
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { httpLimits } from "../budgets/limits.ts";
import type { Servers } from "../servers.ts";

/** How the application leaves. */
export interface Departure {
  /** Takes nothing more; resolves when all that was taken is answered, or after `leaveMs`, to how many were not. */
  leave(): Promise<number>;
}

/** How long connections stay for a request that was on its way when the last one was answered, in milliseconds. */
const ON_ITS_WAY_MS = 50;

/** Watches what an application has under way; before any other hook. */
export function departure(app: FastifyInstance, servers: Servers): Departure {
  const underWay = new Map<Socket, Set<FastifyRequest>>();
  const told = new WeakSet<Socket>();
  let leaving = false;
  let changed = () => {};

  app.addHook("onRequest", async (request, reply) => {
    const { socket } = request.raw;
    // Its last answer has been given: what comes behind that is not taken, and nobody is told that it was.
    if (told.has(socket)) return reply.hijack();
    const own = underWay.get(socket) ?? new Set();
    underWay.set(socket, own.add(request));
    changed();
    reply.raw.once("close", () => {
      own.delete(request);
      if (own.size === 0) underWay.delete(socket);
      changed();
    });
  });
  app.addHook("onSend", async (request, reply) => {
    const { socket } = request.raw;
    // Answers go out in the order of the requests, whichever is ready first.
    if (!leaving || [...(underWay.get(socket) ?? [])].at(-1) !== request) return;
    told.add(socket);
    reply.header("connection", "close");
  });

  /** Resolves to whether anything changed within the time. */
  const change = (ms: number) =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, ms));
      changed = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });

  return {
    async leave() {
      leaving = true;
      servers.stopListening();
      const deadline = performance.now() + httpLimits.leaveMs;
      for (;;) {
        const rest = deadline - performance.now();
        if (rest <= 0) break;
        if (underWay.size > 0) await change(rest);
        else if (!(await change(Math.min(rest, ON_ITS_WAY_MS)))) break;
      }
      return [...underWay.values()].reduce((sum, { size }) => sum + size, 0);
    },
  };
}
