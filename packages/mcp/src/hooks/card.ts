/** Cards: the files in the state folder by which a hook finds the adapter of its session. No module but Node's. */
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ClientKind } from "../client/client-kind.ts";
import { isSame, markOf, pidSpace, type SeenProcess } from "./process-tree.ts";

/** What an adapter says of itself to hooks. */
export interface Card extends SeenProcess {
  /** A random word, unlike a process id the same nowhere else; the card's file and, mostly, its socket are named by it. */
  readonly name: string;
  readonly kind: ClientKind;
  /** Version of the adapter, for `agentmesh doctor`; earlier ones do not say. */
  readonly version?: string;
  /** The inode of the folder that it was written into: in a copy of that folder it is of nobody there. */
  readonly folder?: string | undefined;
  /** Where it listens: a Unix socket, or a named pipe. */
  readonly socket: string;
  /** What a hook has to say first. */
  readonly key: string;
  /** The client's own id of the session, once it is known. */
  readonly sessionId?: string;
  /** Where the process ids of this card mean something; see `pidSpace`. */
  readonly space?: string | undefined;
  /** The processes above the adapter, nearest first, and how many of them lead up to its client, which is the last of them. */
  readonly above: readonly SeenProcess[];
  readonly toClient: number;
  readonly directory: string;
}

/** An adapter touches its card every hour: what is older than this belongs to none, in milliseconds. */
const FORGOTTEN_MS = 7 * 24 * 3_600_000;

/** Folder of the cards and sockets; the state folder as `AGENTMESH_HOME` or `--home` says. */
export function hooksFolder(home: string | undefined): string {
  return join(resolve(home || join(homedir(), ".agentmesh")), "hooks");
}

/** The inode of a folder, as a card has it; undefined where it cannot be looked at. Never throws. */
export function folderOf(folder: string): string | undefined {
  try {
    return statSync(folder, { bigint: true }).ino.toString();
  } catch {
    return undefined;
  }
}

/** The file of a card. */
export function cardPath(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/** Writes a card (0600), whole or not at all, into its folder. @throws what the system says */
export function writeCard(folder: string, card: Card): void {
  const draft = join(folder, `${card.name}.draft`);
  writeFileSync(draft, cardText(card), { mode: 0o600 });
  renameSync(draft, cardPath(folder, card.name));
}

/** What stands in the file of a card. */
export function cardText(card: Card): string {
  return JSON.stringify(card);
}

/** Takes a card away, with its socket. Never throws. */
export function removeCard(folder: string, { name, socket }: Pick<Card, "name" | "socket">): void {
  removeFile(cardPath(folder, name));
  // A named pipe is no file, and goes with its process.
  if (fileAt(socket)?.isSocket()) removeFile(socket);
}

/**
 * Whether the adapter of a card has ended. Only in its own PID namespace can that be seen; that its socket cannot be
 * reached says nothing, it may lie in another /tmp.
 */
export function hasEnded(card: Card): boolean {
  if (card.space === undefined || card.space !== pidSpace()) return false;
  try {
    process.kill(card.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return true;
  }
  const now = markOf(card.pid);
  return now !== undefined && card.start !== undefined && !isSame(now, card);
}

/** Takes away what adapters have left behind that could not say farewell. Never throws. */
export function sweepCards(folder: string): void {
  const cards = readCards(folder);
  for (const card of cards) if (hasEnded(card) || isForgotten(cardPath(folder, card.name))) removeCard(folder, card);
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (/\.(sock|draft|json)$/.test(name) && isForgotten(path)) removeFile(path);
  }
}

/** Every card that can be read and was written here, not in a folder that this one is a copy of. */
export function readCards(folder: string): Card[] {
  const here = folderOf(folder);
  return namesIn(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((file) => {
      try {
        const value: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
        const card = cardIn(value, file.slice(0, -".json".length));
        return card === undefined || (card.folder !== undefined && card.folder !== here) ? [] : [card];
      } catch {
        return [];
      }
    });
}

/** What stands there, a link not followed; undefined for nothing, or what cannot be looked at. Never throws. */
export function fileAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isForgotten(path: string): boolean {
  const file = fileAt(path);
  return file !== undefined && Date.now() - file.mtimeMs > FORGOTTEN_MS;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is another user's.
  }
}

/** A card of an earlier version says nothing of its processes that could be trusted: it matches by its session alone. */
function cardIn(value: unknown, name: string): Card | undefined {
  if (!isCard(value)) return undefined;
  return { ...value, name, above: isLine(value.above) ? value.above : [] };
}

function isCard(value: unknown): value is Card {
  if (typeof value !== "object" || value === null) return false;
  const is = (name: string, type: string) => typeof Reflect.get(value, name) === type;
  return is("pid", "number") && is("kind", "string") && is("socket", "string") && is("key", "string");
}

function isLine(value: unknown): value is SeenProcess[] {
  return Array.isArray(value) && value.every((mark) => typeof mark === "object" && mark !== null && "pid" in mark);
}
