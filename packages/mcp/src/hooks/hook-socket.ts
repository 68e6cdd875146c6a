/** The adapter's end of its hooks: a socket in the state folder and the card that leads there, made again when they are lost. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import type { ClientKind } from "../client/client-kind.ts";
import type { Log } from "../log.ts";
import {
  type Card,
  cardPath,
  cardText,
  fileAt,
  folderOf,
  hooksFolder,
  removeCard,
  sweepCards,
  writeCard,
} from "./card.ts";
import { type Caller, serveHook } from "./hook-connection.ts";
import { type HookTrouble, hookTrouble } from "./hook-trouble.ts";
import type { Inlet } from "./inlet.ts";
import { ancestors, markOf, pidSpace, upToClient } from "./process-tree.ts";
import { socketPath } from "./socket-path.ts";

/** Cleaners of temporary files take what is old: our files are never older than this, in milliseconds. */
const TOUCH_MS = 3_600_000;

/** What a hook socket needs. */
export interface HookSocketParts {
  readonly home: string | undefined;
  readonly kind: ClientKind;
  readonly directory: string;
  readonly sessionId: string | undefined;
  readonly log: Log;
  onCall(caller: Caller): void;
  /** Told of an extension that has come; false when it is of no use here. */
  onInlet(sessionId: string, inlet: Inlet): boolean;
  /** Told that hooks could not find this adapter for a while and can again; a sentence for the session's model. */
  onMadeAgain?(sentence: string): void;
  /** Told why hooks cannot find this adapter, and `undefined` when they can again. */
  onTrouble?(trouble: HookTrouble | undefined): void;
}

/** Where hooks come in: one server, and the file it made. */
interface Door {
  readonly card: Card;
  readonly server: Server;
  /** Which file the socket was when it was made. */
  file?: string;
}

/** Listens for the hooks of one session. */
export class HookSocket {
  readonly #folder: string;
  readonly #open = new Set<Socket>();
  readonly #parts: HookSocketParts;
  readonly #key = randomBytes(24).toString("base64url");
  #sessionId: string | undefined;
  #door: Door | undefined;
  #trouble: string | undefined;
  #closed = false;

  /** Never throws: without hooks the adapter still serves, and the log says why they do not work. */
  constructor(parts: HookSocketParts) {
    this.#parts = parts;
    this.#sessionId = parts.sessionId;
    this.#folder = hooksFolder(parts.home);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      sweepCards(this.#folder);
    } catch {
      // What is wrong with the folder is told by the attempt to listen in it.
    }
    this.#listen();
  }

  /** Says to coming hooks whose session this is. */
  belongsTo(sessionId: string | undefined): void {
    if (sessionId === undefined || this.#sessionId === sessionId) return;
    this.#sessionId = sessionId;
    if (!this.#door?.server.listening) return;
    this.#door = { ...this.#door, card: { ...this.#door.card, sessionId } };
    this.#publish(this.#door);
  }

  /**
   * Sees whether hooks still find this adapter, and makes socket and card again under another name when not: cleaners of
   * temporary files and people remove them. To be called now and then; never throws.
   */
  check(): void {
    const door = this.#door;
    if (this.#closed || (door && !door.server.listening)) return;
    const lost = door ? lostOf(this.#folder, door) : this.#trouble;
    if (door && lost === undefined) {
      this.#touch(door);
      return;
    }
    if (door) {
      this.#parts.log.warn("hooks.lost", { why: lost });
      this.#door = undefined;
      removeCard(this.#folder, door.card);
      // Hooks that wait keep their connection.
      door.server.close();
    }
    this.#listen(lost);
  }

  /** Takes the card away and hangs up. */
  close(): void {
    this.#closed = true;
    if (this.#door) {
      removeCard(this.#folder, this.#door.card);
      this.#door.server.close();
    }
    for (const socket of this.#open) socket.destroy();
  }

  #listen(lost?: string): void {
    const card = this.#newCard();
    const server = createServer((socket) => {
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
      serveHook(socket, this.#key, this.#parts);
    });
    const door: Door = { card, server };
    server.on("error", (error) => this.#failed(door, error));
    try {
      // A state folder that is gone is not begun anew by its hooks.
      if (!statSync(this.#folder, { throwIfNoEntry: false })) mkdirSync(this.#folder, { mode: 0o700 });
      this.#door = door;
      server.listen(card.socket, () => {
        if (this.#closed || this.#door?.server !== server) return;
        try {
          if (process.platform !== "win32") chmodSync(card.socket, 0o600);
          // Now that it is there: the card says of which folder it is.
          this.#door = {
            ...this.#door,
            card: { ...this.#door.card, folder: folderOf(this.#folder) },
            ...fileOf(card.socket),
          };
        } catch (error) {
          return this.#failed(door, error);
        }
        if (this.#publish(this.#door)) this.#found(lost);
      });
      server.unref();
    } catch (error) {
      this.#failed(door, error);
    }
  }

  #newCard(): Card {
    const name = randomBytes(8).toString("hex");
    const above = ancestors(process.ppid);
    const space = pidSpace();
    return {
      name,
      ...(markOf(process.pid) ?? { pid: process.pid }),
      ...(space !== undefined && { space }),
      kind: this.#parts.kind,
      version: VERSION,
      socket: socketPath(this.#folder, name),
      key: this.#key,
      ...(this.#sessionId !== undefined && { sessionId: this.#sessionId }),
      above: above.map(({ pid, start }) => ({ pid, ...(start !== undefined && { start }) })),
      toClient: upToClient(above).length,
      directory: this.#parts.directory,
    };
  }

  #publish(door: Door): boolean {
    if (this.#closed) return false;
    try {
      writeCard(this.#folder, door.card);
      return true;
    } catch (error) {
      this.#failed(door, error);
      return false;
    }
  }

  #found(lost: string | undefined): void {
    const { log, onMadeAgain, onTrouble } = this.#parts;
    if (lost !== undefined) {
      log.warn("hooks.made_again", { lost });
      onMadeAgain?.(`The hooks of this session brought no mail for a while: ${lost}. That is mended.`);
    }
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    onTrouble?.(undefined);
  }

  #failed(door: Door, error: unknown): void {
    if (this.#closed) return;
    removeCard(this.#folder, door.card);
    door.server.close();
    if (this.#door?.server === door.server) this.#door = undefined;
    const trouble = hookTrouble(error, join(this.#folder, door.card.name));
    if (trouble.whole === this.#trouble) return;
    this.#trouble = trouble.whole;
    this.#parts.log.warn("hooks.failed", { error: trouble.whole, folder: this.#folder });
    this.#parts.onTrouble?.(trouble);
  }

  #touch({ card }: Door): void {
    for (const path of [cardPath(this.#folder, card.name), card.socket]) {
      const file = fileAt(path);
      if (!file || Date.now() - file.mtimeMs < TOUCH_MS) continue;
      try {
        utimesSync(path, new Date(), new Date());
      } catch (error) {
        this.#parts.log.debug("hooks.touch_failed", { path, error });
      }
    }
  }
}

/** What hooks would miss; undefined when all is there. */
function lostOf(folder: string, { card, file }: Door): string | undefined {
  if (process.platform !== "win32" && fileOf(card.socket).file !== file) {
    const gone = fileAt(dirname(card.socket)) ? "its socket" : "the folder of its socket";
    return `${gone} was removed or replaced, ${card.socket}`;
  }
  const path = cardPath(folder, card.name);
  if (card.folder !== folderOf(folder)) return `its folder was replaced, ${folder}`;
  try {
    return readFileSync(path, "utf8") === cardText(card) ? undefined : `its card was changed, ${path}`;
  } catch {
    return `its card was removed, ${path}`;
  }
}

function fileOf(path: string): { file?: string } {
  const file = process.platform === "win32" ? undefined : fileAt(path);
  return file?.isSocket() ? { file: `${file.dev}:${file.ino}` } : {};
}
