/**
 * What a client notes of its running session in a file: which conversation it is in, kept up to date. The environment is not:
 * it names the conversation that the session began with, or one that never comes to be.
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import * as z from "zod";
import type { ConversationSource } from "./conversation.ts";

/** Where a client notes it. */
export interface SessionNotes {
  /** The conversation that is noted now; undefined where nothing is, or it is of another process. Never throws. */
  current(): string | undefined;
  /** Path of a conversation's transcript. */
  transcript(id: string): string | undefined;
}

/** Entries of a transcript that are looked at, from its beginning, in bytes. */
const HEAD = 64 * 1024;

/** Clocks of entries and files differ by less, in milliseconds. */
const SLACK_MS = 2_000;

/** Reads what the client above this process notes. */
export class NotedSession {
  readonly #notes: SessionNotes;
  #last: { readonly id: string; readonly atMs: number } | undefined;

  constructor(notes: SessionNotes) {
    this.#notes = notes;
  }

  /**
   * The conversation it is in now, and how it came to be when it is another one than the last time. Undefined where nothing
   * is noted. Never throws.
   */
  look(): { readonly id: string; readonly source?: ConversationSource } | undefined {
    const id = this.#notes.current();
    if (id === undefined) return undefined;
    const before = this.#last;
    this.#last = { id, atMs: Date.now() };
    if (before === undefined || before.id === id) return { id };
    return { id, source: this.#sourceOf(id, before.atMs) };
  }

  /** By the beginning of its transcript: a cleared conversation has no entry from before the change. */
  #sourceOf(id: string, sinceMs: number): ConversationSource {
    for (const line of headOf(this.#notes.transcript(id))) {
      const entry = Entry.safeParse(jsonIn(line)).data;
      if (entry?.forkedFrom !== undefined) return "fork";
      if (entry?.timestamp === undefined) continue;
      return Date.parse(entry.timestamp) < sinceMs - SLACK_MS ? "resume" : "clear";
    }
    return "clear";
  }
}

const Entry = z.object({ timestamp: z.string().optional(), forkedFrom: z.unknown().optional() });

function headOf(path: string | undefined): string[] {
  if (path === undefined) return [];
  try {
    const file = openSync(path, "r");
    const bytes = Buffer.alloc(HEAD);
    try {
      return bytes.toString("utf8", 0, readSync(file, bytes)).split("\n");
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
}

/** The number of this process' PID namespace. */
export function ownPidNamespace(): string | undefined {
  try {
    return /\[(\d+)\]$/.exec(readlinkSync("/proc/self/ns/pid"))?.[1];
  } catch {
    return undefined;
  }
}

/** The text of a file; undefined when it cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The value in a text; undefined when it is no JSON. */
export function jsonIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
