/** Cards: the files in the state folder by which a hook finds the adapter of its session. No module but Node's. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ClientKind } from "../client-kind.ts";

/** What an adapter says of itself to hooks. */
export interface Card {
  readonly pid: number;
  readonly kind: ClientKind;
  /** Where it listens: a Unix socket, or a named pipe. */
  readonly socket: string;
  /** What a hook has to say first. */
  readonly key: string;
  /** The client's own id of the session, once it is known. */
  readonly sessionId?: string;
  /** The processes between the adapter and its client, the client last. */
  readonly line: readonly number[];
  readonly directory: string;
}

/** Folder of the cards and sockets; the state folder as `AGENTMESH_HOME` or `--home` says. */
export function hooksFolder(home: string | undefined): string {
  return join(resolve(home || join(homedir(), ".agentmesh")), "hooks");
}

/** Writes a card (0600), whole or not at all. */
export function writeCard(folder: string, card: Card): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${card.pid}.draft`);
  writeFileSync(draft, JSON.stringify(card), { mode: 0o600 });
  renameSync(draft, join(folder, `${card.pid}.json`));
}

/** Takes a card away, with the socket file beside it. Never throws. */
export function removeCard(folder: string, { pid, socket }: Pick<Card, "pid" | "socket">): void {
  for (const path of [join(folder, `${pid}.json`), socket]) {
    try {
      rmSync(path, { force: true });
    } catch {
      // A named pipe is no file, and goes with its process.
    }
  }
}

/** Every card that can be read. */
export function readCards(folder: string): Card[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      try {
        const value: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
        return isCard(value) ? [value] : [];
      } catch {
        return [];
      }
    });
}

function isCard(value: unknown): value is Card {
  if (typeof value !== "object" || value === null) return false;
  const is = (name: string, type: string) => typeof Reflect.get(value, name) === type;
  return is("pid", "number") && is("kind", "string") && is("socket", "string") && is("key", "string");
}
