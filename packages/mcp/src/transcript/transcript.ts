/** The client's transcript, read as it grows: which pushed texts it has taken, and which the model was shown. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OpenDialog } from "@agentmesh/client";
import type { ClientSession } from "../client/client-session.ts";
import type { EntryMeaning } from "./entry-meaning.ts";
import { findTranscript, namesIn } from "./find-transcript.ts";
import { entryMeaning } from "./transcript-entry.ts";

/**
 * How far a pushed text has come: the client has it; the model was given it and has answered since; the client had it and
 * has thrown it away before the model was given it.
 */
export type Sign = "taken" | "shown" | "dropped";

/** Where the signs of pushed texts are read. */
export interface PushSigns {
  /** Whether there is anything to read them in. */
  readonly readable: boolean;
  /** It is not there yet, and it is known where it will be. */
  readonly awaited?: boolean;
  /** What has newly shown of these nonces. Never throws. */
  read(nonces: readonly string[]): ReadonlyMap<string, Sign>;
  /** Looks for a nonce pushed at `sinceMs` (Unix milliseconds) where the session may have gone on. */
  search(nonce: string, sinceMs: number): void;
}

/** How much of a transcript that is new to us is looked at, from its end, in bytes. */
const TAIL = 1024 * 1024;

/** At most so much of it at a time; the rest the next time, in bytes. */
const CHUNK = 8 * 1024 * 1024;

/** Reads the transcript of one client session. */
export class Transcript implements PushSigns {
  readonly #session: ClientSession;
  #path: string | undefined;
  #offset = 0;
  /** What stood in the file when it was opened ends here; it may be of another process. */
  #historyEnd = 0;
  #rest = Buffer.alloc(0);
  /** What its user is asked, as far as lines say so; the oldest first. */
  readonly #asked = new Map<string, OpenDialog>();
  /** Nonces in what the model was given since its last answer. */
  #unanswered = new Set<string>();

  constructor(session: ClientSession) {
    this.#session = session;
  }

  get readable(): boolean {
    return (this.#session.facts.transcript ?? findTranscript(this.#session)) !== undefined;
  }

  /** Copilot begins its file when it is asked something, and may write it later than it calls a first tool. */
  get awaited(): boolean {
    const { kind, facts } = this.#session;
    return kind === "copilot" && facts.id !== undefined && !this.readable;
  }

  /** What the transcript has newly said of these nonces. Never throws: what cannot be read says nothing. */
  read(nonces: readonly string[]): Map<string, Sign> {
    const signs = new Map<string, Sign>();
    const { kind, facts } = this.#session;
    const path = facts.transcript ?? findTranscript(this.#session);
    if (path === undefined || kind === undefined) return signs;
    if (path !== facts.transcript) this.#session.learn({ transcript: path });
    if (path !== this.#path) this.#begin(path);
    let turnOpen: boolean | undefined;
    let goneOn = false;
    const asked = this.#asked.size;
    for (const { line, old } of this.#newLines()) {
      const named = nonces.filter((nonce) => line.includes(nonce));
      for (const nonce of named) signs.set(nonce, "taken");
      const entry = parsed(line);
      const meaning = entryMeaning[kind](entry);
      if (meaning.shown) for (const nonce of named) this.#unanswered.add(nonce);
      if (meaning.answer) {
        for (const nonce of this.#unanswered) signs.set(nonce, "shown");
        this.#unanswered.clear();
      }
      // Whoever was at work when a process was killed is so no more.
      if (old && writtenMs(entry) < this.#session.sinceMs) continue;
      turnOpen = meaning.turnOpen ?? turnOpen;
      if (facts.dialog && (meaning.shown || meaning.answer)) goneOn ||= writtenMs(entry) > facts.dialog.sinceMs;
      this.#note(meaning, writtenMs(entry));
    }
    const [dialog] = this.#asked.values();
    const isOver = goneOn || (asked > 0 && dialog === undefined);
    this.#session.learn({ turnOpen, ...(dialog ? { dialog } : isOver && { dialog: null }) });
    return signs;
  }

  /** What the session's user is asked by now: whatever is open when a turn ends is so no more. */
  #note({ dialog, turnOpen }: EntryMeaning, sinceMs: number): void {
    if (turnOpen === false) this.#asked.clear();
    if (dialog?.about === "over") this.#asked.delete(dialog.id);
    else if (dialog) this.#asked.set(dialog.id, { about: dialog.about, sinceMs });
  }

  /**
   * Looks for a nonce in the transcripts beside this one: after Claude Code's /clear a session goes on in another file.
   * Takes the file that has it for the session's.
   */
  search(nonce: string, sinceMs: number): void {
    if (this.#session.kind !== "claude" || this.#path === undefined) return;
    const folder = dirname(this.#path);
    for (const name of namesIn(folder)) {
      const path = join(folder, name);
      const file = statSync(path, { throwIfNoEntry: false });
      if (path === this.#path || !name.endsWith(".jsonl") || !file || file.mtimeMs < sinceMs) continue;
      if (!tailOf(path).includes(nonce)) continue;
      this.#session.learn({ transcript: path });
      return;
    }
  }

  #begin(path: string): void {
    this.#path = path;
    this.#rest = Buffer.alloc(0);
    this.#unanswered.clear();
    this.#asked.clear();
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    this.#offset = Math.max(0, size - TAIL);
    this.#historyEnd = size;
  }

  *#newLines(): Generator<{ readonly line: string; readonly old: boolean }> {
    if (this.#path === undefined) return;
    const { bytes, size } = bytesOf(this.#path, this.#offset, CHUNK);
    // A file that has become shorter is another one.
    if (size < this.#offset) return this.#begin(this.#path);
    const old = this.#offset < this.#historyEnd;
    this.#offset += bytes.length;
    const all = Buffer.concat([this.#rest, bytes]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(end);
    for (const line of all.toString("utf8", 0, end).split("\n")) if (line !== "") yield { line, old };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** When a client wrote an entry, in Unix milliseconds; Infinity when it does not say. */
function writtenMs(entry: unknown): number {
  const stamp: unknown = typeof entry === "object" && entry !== null ? Reflect.get(entry, "timestamp") : undefined;
  const ms = typeof stamp === "string" ? Date.parse(stamp) : Number.NaN;
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

function tailOf(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytesOf(path, Math.max(0, size - TAIL), TAIL).bytes.toString("utf8");
}

/** The file from `offset` on, at most `max` bytes, and its size; nothing when it cannot be read. */
function bytesOf(path: string, offset: number, max: number): { bytes: Buffer; size: number } {
  let file: number | undefined;
  try {
    const size = statSync(path).size;
    if (size <= offset) return { bytes: Buffer.alloc(0), size };
    file = openSync(path, "r");
    const bytes = Buffer.alloc(Math.min(size - offset, max));
    return { bytes: bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset)), size };
  } catch {
    return { bytes: Buffer.alloc(0), size: offset };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
