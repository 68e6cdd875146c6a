/** From a hook to the adapter of its session: found by its card, asked over its socket. No module but Node's. */
import { connect } from "node:net";
import type { ClientKind } from "../client/client-kind.ts";
import { type Card, hasEnded, readCards, removeCard } from "./card.ts";
import { type HookAnswer, type HookCall, SHOWN } from "./hook-call.ts";
import { ancestors, isSame, isShell, pidSpace, type SeenProcess } from "./process-tree.ts";

/** A hook's session as the hook sees it. */
export interface HookSession {
  readonly folder: string;
  readonly kind: ClientKind;
  readonly call: HookCall;
  readonly cwd: string;
  /** The client's process, by its id, where the client says it. */
  readonly clientPid?: number;
}

/** The client's process as the hook sees it. */
export interface HookClient {
  /** Where its process id means something; see `pidSpace`. */
  readonly space?: string | undefined;
  readonly mark?: SeenProcess | undefined;
  /** The client has said itself that this is its process. */
  readonly sure: boolean;
}

/** Asks the adapter; `obey` is done before the adapter hears that it was. False when there is none. */
export async function askAdapter(session: HookSession, obey: (answer: HookAnswer) => Promise<void>): Promise<boolean> {
  for (const card of candidates(session, clientOf(session), readCards(session.folder))) {
    const outcome = await ask(card, session.call, obey);
    if (outcome === "asked") return true;
    // Nobody listens. Its socket may lie where only its own namespace sees it: a card goes with its process alone.
    if (outcome === "gone" && hasEnded(card)) removeCard(session.folder, card);
  }
  return false;
}

/**
 * The adapters that may be the session's, best first. Those of the same client process that know the session are; else
 * those that know it and may be under another process; else those under the same client process, whose session has
 * another id now, as after /clear. Codex runs many sessions in one process: there only an adapter that has no session yet
 * may be the one, and only when there is no second.
 */
export function candidates(
  session: Pick<HookSession, "kind" | "call" | "cwd">,
  client: HookClient,
  cards: readonly Card[],
): Card[] {
  const own = cards.filter(({ kind }) => kind === session.kind);
  const near = own.filter((card) => distance(card, client) !== -1);
  near.sort((one, other) => distance(one, client) - distance(other, client));
  const knows = ({ sessionId }: Card) => sessionId === session.call.sessionId;
  const nearAndKnown = near.filter(knows);
  if (nearAndKnown.length > 0) return nearAndKnown;
  // One conversation may be open twice: the adapter of the other process is another agent.
  const known = own.filter((card) => knows(card) && !isOfAnother(card, client));
  if (known.length > 0) return known;
  if (session.kind !== "codex") return near;
  const free = near.filter(({ sessionId, directory }) => sessionId === undefined && directory === session.cwd);
  return free.length === 1 ? free : [];
}

/** How far above the adapter its client is, if that is the hook's client; -1 otherwise, and across PID namespaces. */
function distance({ space, above, toClient }: Card, client: HookClient): number {
  const { mark } = client;
  if (mark === undefined || space === undefined || space !== client.space) return -1;
  return above.slice(0, toClient).findIndex((process) => isSame(process, mark));
}

/**
 * Whether the adapter is certainly under another process than the hook. One with nobody above it in its PID namespace has
 * its client outside of it, as when a client runs it in a container.
 */
function isOfAnother({ space, above }: Card, { space: own, mark, sure }: HookClient): boolean {
  if (space === undefined || own === undefined || above.length === 0) return false;
  if (space !== own) return true;
  return sure && mark !== undefined && !above.some((process) => isSame(process, mark));
}

/**
 * The nearest process above that is no shell; sure when the client says the same. When it says another one, something stands
 * between them or the word was inherited, and which process it is cannot be said.
 */
function clientOf({ clientPid }: HookSession): HookClient {
  const space = pidSpace();
  if (process.platform === "win32") {
    return { space, mark: { pid: clientPid ?? process.ppid }, sure: clientPid !== undefined };
  }
  const mark = ancestors(process.ppid).find(({ args }) => !isShell(args));
  if (clientPid === undefined) return { space, mark, sure: false };
  return mark?.pid === clientPid ? { space, mark, sure: true } : { space, sure: false };
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
