/** One tool call: joined first, once more after a broker restart, and answered in time whatever happens. */
import type { AgentSession } from "../agent-session.ts";
import type { JoinedSession } from "../join.ts";
import { NoAnswerError, needsSession, sentencesFor, type WaitsFor } from "../shown/remedy.ts";
import type { Tool, ToolResult } from "./tool.ts";

/** A tool answers within this time, if only with what to do, in milliseconds. */
const ANSWER_WITHIN_MS = 1_800;

/** What of a session a call needs. */
export type CallingSession = Pick<AgentSession, "joined" | "wasUsed" | "waitsFor">;

/** What came of a call. */
export type ToolOutcome = ToolResult & { readonly isError?: true };

/** The result of one tool call, whatever happens; it waits no longer than `longestMs` for an answer of others. Never throws. */
export async function callTool(
  session: CallingSession,
  tool: Tool,
  input: unknown,
  cancelled: AbortSignal,
  longestMs?: number,
): Promise<ToolOutcome> {
  const soon = AbortSignal.timeout(ANSWER_WITHIN_MS);
  let deadline = soon;
  let longest = ANSWER_WITHIN_MS;
  let over: AbortSignal | undefined;
  try {
    const { run, waitMs } = tool.prepare(input, longestMs);
    const joined = await inTime(session.joined(), AbortSignal.any([cancelled, soon]));
    over = joined.over;
    joined.evidence.wrote(JSON.stringify(input ?? {}));
    if (waitMs > 0) deadline = AbortSignal.timeout(ANSWER_WITHIN_MS + waitMs);
    longest = ANSWER_WITHIN_MS + waitMs;
    const signal = AbortSignal.any([cancelled, deadline, over]);
    const canary = joined.canaries.withinTurn();
    const outcome = await inTime(
      withSession(joined, () => run(joined, signal, soon)),
      signal,
      (late) => late.settle?.(false),
    );
    await canary;
    if (tool.leavesTraces) session.wasUsed(joined);
    return outcome;
  } catch (error) {
    if (over?.aborted) {
      const text = `${tool.name} was ended: this session has gone over to another conversation, which is another agent. Call the tool again.`;
      return { text, data: { error: text }, isError: true };
    }
    const withinMs = deadline.aborted ? longest : ANSWER_WITHIN_MS;
    const isLate = deadline.aborted || (soon.aborted && error === soon.reason);
    const text = sentencesFor(
      isLate ? new NoAnswerError(session.waitsFor.other ?? lateSentence(tool.name, session.waitsFor, withinMs)) : error,
    );
    return { text, data: { error: text }, isError: true };
  }
}

/** Runs once more when the broker had forgotten the session, as after a restart. */
async function withSession(joined: JoinedSession, run: () => Promise<ToolResult>): Promise<ToolResult> {
  try {
    return await run();
  } catch (error) {
    if (!needsSession(error)) throw error;
    await joined.mesh.heartbeat();
    return run();
  }
}

/** The outcome of `work`, unless the call ends first; what comes too late goes to `onLate`. */
async function inTime<T extends object>(
  work: Promise<T>,
  signal: AbortSignal,
  onLate: (late: T) => unknown = () => undefined,
): Promise<T> {
  const over = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const result = await Promise.race([work, over]);
  if (result) return result;
  work.then(onLate).catch(() => undefined);
  throw new NoAnswerError("The call was ended before the broker had answered.");
}

function lateSentence(tool: string, { elsewhere, address }: WaitsFor, withinMs: number): string {
  const again = ["send_message", "reply", "ask_peer", "publish"].includes(tool)
    ? " Repeating the same call stores the message only once."
    : "";
  if (elsewhere !== undefined) {
    return `No broker has answered at ${elsewhere} within ${withinMs} ms. It is on another machine: there is no network here just now, or that machine is away or busy.${again}`;
  }
  const remedy = address === undefined ? "it can be started with: agentmesh up" : "check AGENTMESH_URL";
  return `No broker has answered${address === undefined ? "" : ` at ${address}`} within ${withinMs} ms. It may still be starting; if not, ${remedy}.${again}`;
}
