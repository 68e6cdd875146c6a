/** Tools called from within the client's own process, as a plugin of it offers them. */
import type { AgentSession } from "../agent-session.ts";
import { callTool } from "./call.ts";
import type { Tool } from "./tool.ts";

/** A client keeps a tool's answer within this time, in milliseconds. */
const KEPT_WITHIN_MS = 30_000;

type Settle = (kept: boolean) => void;

/** One call, as the client makes it. */
export interface InsideCall {
  /** The client's id of the call; missing where it gives none, and nothing will tell of the call. */
  readonly id: string | undefined;
  /** Aborts when the client gives the call up. */
  readonly signal: AbortSignal;
}

/** The calls of a client's sessions, and those of their answers that the client has not yet been seen to keep. */
export class InsideCalls {
  readonly #unkept = new Map<string, Settle>();
  readonly #running = new Map<string, AbortController>();

  /** Calls a tool as the session's agent; returns what the model is shown. @throws what it is told when the tool fails */
  async run(session: AgentSession, tool: Tool, args: unknown, call: InsideCall): Promise<string> {
    const ended = new AbortController();
    if (call.id !== undefined) this.#running.set(call.id, ended);
    const work = callTool(session, tool, args, AbortSignal.any([call.signal, ended.signal]));
    const { text, isError, settle } = await session.clientSession.during(work).finally(() => {
      if (call.id !== undefined) this.#running.delete(call.id);
    });
    if (isError) throw new Error(text);
    if (settle) this.#awaitKept(call, (kept) => void settle(kept).catch(() => undefined));
    return [...session.takeNotices(), text].join("\n\n");
  }

  /** The client has kept what a call was answered, or has ended the call without it. */
  kept(id: string, kept: boolean): void {
    this.#unkept.get(id)?.(kept);
    if (!kept) this.#running.get(id)?.abort();
  }

  #awaitKept({ id, signal }: InsideCall, settle: Settle): void {
    if (id === undefined) {
      settle(!signal.aborted);
      return;
    }
    const once: Settle = (kept) => {
      if (!this.#unkept.delete(id)) return;
      clearTimeout(timer);
      settle(kept);
    };
    const timer = setTimeout(() => once(false), KEPT_WITHIN_MS).unref();
    this.#unkept.set(id, once);
    signal.addEventListener("abort", () => once(false), { once: true });
  }
}
