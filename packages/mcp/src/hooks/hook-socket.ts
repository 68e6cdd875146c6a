/** The adapter's end of its hooks: a socket in the state folder, and the card that leads there. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { ClientKind } from "../client-kind.ts";
import type { Log } from "../log.ts";
import { type Card, hooksFolder, removeCard, writeCard } from "./card.ts";
import { type HookAnswer, type HookCall, SHOWN } from "./hook-call.ts";
import { ancestors, upToClient } from "./process-tree.ts";

/** Longest path of a Unix socket that every system takes, in bytes. */
const MAX_SOCKET_PATH = 100;

/** A hook that says nothing for this long is hung up on, in milliseconds. */
const SILENCE_MS = 5_000;
const MAX_LINE = 64 * 1024;

const Line = z.object({
  key: z.string(),
  call: z.object({
    event: z.string().max(64),
    sessionId: z.string().min(1).max(200),
    transcript: z.string().max(4_096).optional(),
    stopActive: z.boolean().optional(),
    wait: z.boolean().optional(),
    codexHome: z.string().max(4_096).optional(),
  }),
});

/** A hook that is waiting for its answer. */
export interface Caller {
  readonly call: HookCall;
  /** Aborts when the hook has hung up. */
  readonly gone: AbortSignal;
  /** Answers; resolves with whether the hook has shown it to its client. */
  answer(answer: HookAnswer): Promise<boolean>;
}

/** What a hook socket needs. */
export interface HookSocketParts {
  readonly home: string | undefined;
  readonly kind: ClientKind;
  readonly directory: string;
  readonly sessionId: string | undefined;
  readonly log: Log;
  onCall(caller: Caller): void;
}

/** Listens for the hooks of one session. */
export class HookSocket {
  readonly #folder: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #parts: HookSocketParts;
  #card: Card;
  #closed = false;

  /** Never throws: without hooks the adapter still serves, and the log says why they do not work. */
  constructor(parts: HookSocketParts) {
    this.#parts = parts;
    this.#folder = hooksFolder(parts.home);
    const line = upToClient(ancestors(process.ppid)).map(({ pid }) => pid);
    this.#card = {
      pid: process.pid,
      kind: parts.kind,
      socket: socketPath(this.#folder),
      key: randomBytes(24).toString("base64url"),
      ...(parts.sessionId !== undefined && { sessionId: parts.sessionId }),
      line,
      directory: parts.directory,
    };
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.on("error", (error) => parts.log.warn("hooks.failed", { error }));
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      removeCard(this.#folder, this.#card);
      this.#server.listen(this.#card.socket, () => {
        if (process.platform !== "win32") chmodSync(this.#card.socket, 0o600);
        this.#publish();
      });
      this.#server.unref();
    } catch (error) {
      parts.log.warn("hooks.failed", { error });
    }
  }

  /** Says to coming hooks whose session this is. */
  belongsTo(sessionId: string | undefined): void {
    if (sessionId === undefined || this.#card.sessionId === sessionId) return;
    this.#card = { ...this.#card, sessionId };
    this.#publish();
  }

  /** Takes the card away and hangs up. */
  close(): void {
    this.#closed = true;
    removeCard(this.#folder, this.#card);
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #publish(): void {
    if (this.#closed || !this.#server.listening) return;
    try {
      writeCard(this.#folder, this.#card);
    } catch (error) {
      this.#parts.log.warn("hooks.failed", { error });
    }
  }

  #serve(socket: Socket): void {
    this.#open.add(socket);
    socket.unref();
    socket.on("error", () => undefined);
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    const gone = new AbortController();
    let shown = false;
    let text = "";
    socket.once("close", () => {
      this.#open.delete(socket);
      gone.abort();
    });
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MAX_LINE) socket.destroy();
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        if (line === SHOWN) {
          shown = true;
          continue;
        }
        const call = this.#callIn(line);
        if (!call) return void socket.destroy();
        if (call.wait) socket.setTimeout(0);
        this.#parts.onCall({
          call,
          gone: gone.signal,
          async answer(answer) {
            if (gone.signal.aborted) return false;
            const closed = new Promise((resolve) => socket.once("close", resolve));
            socket.setTimeout(SILENCE_MS);
            socket.write(`${JSON.stringify(answer)}\n`);
            await closed;
            return shown;
          },
        });
      }
    });
  }

  #callIn(line: string): HookCall | undefined {
    try {
      const { key, call } = Line.parse(JSON.parse(line));
      const [said, own] = [Buffer.from(key), Buffer.from(this.#card.key)];
      if (said.length !== own.length || !timingSafeEqual(said, own)) return undefined;
      const { event, sessionId, transcript, stopActive, wait, codexHome } = call;
      return {
        event,
        sessionId,
        ...(transcript !== undefined && { transcript }),
        ...(stopActive !== undefined && { stopActive }),
        ...(wait !== undefined && { wait }),
        ...(codexHome !== undefined && { codexHome }),
      };
    } catch {
      return undefined;
    }
  }
}

/** In the state folder; where its name is too long for a socket, in the folder for temporary files. */
function socketPath(folder: string): string {
  const random = randomBytes(8).toString("hex");
  if (process.platform === "win32") return `\\\\.\\pipe\\agentmesh-${random}`;
  const path = join(folder, `${process.pid}.sock`);
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `agentmesh-${random}.sock`);
}
