/** From a hook to the adapter of its session: found by its card, asked over its socket. No module but Node's. */
import { connect } from "node:net";
import type { ClientKind } from "../client-kind.ts";
import { type Card, readCards, removeCard } from "./card.ts";
import { type HookAnswer, type HookCall, SHOWN } from "./hook-call.ts";
import { ancestors, isShell } from "./process-tree.ts";

/** A hook's session as the hook sees it. */
export interface HookSession {
  readonly folder: string;
  readonly kind: ClientKind;
  readonly call: HookCall;
  readonly cwd: string;
  /** The client's process, where the client says it. */
  readonly clientPid?: number;
}

/** Asks the adapter; `obey` is done before the adapter hears that it was. False when there is none. */
export async function askAdapter(session: HookSession, obey: (answer: HookAnswer) => Promise<void>): Promise<boolean> {
  for (const card of candidates(session, readCards(session.folder))) {
    const outcome = await ask(card, session.call, obey);
    if (outcome === "asked") return true;
    // Nobody listens: the adapter was killed.
    if (outcome === "gone") removeCard(session.folder, card);
  }
  return false;
}

/**
 * The adapters that may be the session's, best first. One that knows the session is; else one under the same client
 * process. Codex runs many sessions in one process: there only an adapter that has no session yet may be the one, and
 * only when there is no second.
 */
export function candidates(session: HookSession, cards: readonly Card[]): Card[] {
  const own = cards.filter(({ kind }) => kind === session.kind);
  const known = own.filter(({ sessionId }) => sessionId === session.call.sessionId);
  if (known.length > 0) return known;
  const pid = session.clientPid ?? clientPid();
  const near = own
    .filter(({ line }) => Array.isArray(line) && line.includes(pid))
    .sort((one, other) => one.line.indexOf(pid) - other.line.indexOf(pid));
  if (session.kind !== "codex") return near;
  const free = near.filter(({ sessionId, directory }) => sessionId === undefined && directory === session.cwd);
  return free.length === 1 ? free : [];
}

function clientPid(): number {
  return ancestors(process.ppid).find(({ args }) => !isShell(args))?.pid ?? process.ppid;
}

/** One exchange; `asked` as soon as the adapter was reached, whether an answer came or not. */
function ask(
  card: Card,
  call: HookCall,
  obey: (answer: HookAnswer) => Promise<void>,
): Promise<"asked" | "gone" | "unreachable"> {
  return new Promise((resolve) => {
    let outcome: "asked" | "gone" | "unreachable" = "unreachable";
    let text = "";
    const socket = connect(card.socket, () => {
      outcome = "asked";
      socket.write(`${JSON.stringify({ key: card.key, call })}\n`);
    });
    socket.setEncoding("utf8");
    socket.on("data", async (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end === -1) return;
      await obey(answerIn(text.slice(0, end)));
      socket.end(`${SHOWN}\n`);
    });
    socket.on("error", (error) => {
      if ("code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT")) outcome = "gone";
    });
    socket.on("close", () => resolve(outcome));
  });
}

function answerIn(line: string): HookAnswer {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null) return {};
  const said = (name: keyof HookAnswer) => {
    const text: unknown = Reflect.get(value, name);
    return typeof text === "string" ? { [name]: text } : {};
  };
  return { ...said("print"), ...said("wake") };
}
