/**
 * What Claude Code says of its running session in a file: `sessions/PID.json` in its folder names the conversation, and is
 * kept up to date. The environment is not: with `--continue` it names one that never comes to be, and after /clear or
 * /resume the one before.
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { findTranscript } from "../transcript/find-transcript.ts";
import type { ConversationSource } from "./conversation.ts";

const SessionFile = z.object({
  sessionId: z.string().min(1).max(200),
  procStart: z.string().optional(),
  pidDomain: z.string().optional(),
});

/** Entries of a transcript that are looked at, from its beginning, in bytes. */
const HEAD = 64 * 1024;

/** Clocks of entries and files differ by less, in milliseconds. */
const SLACK_MS = 2_000;

/** Reads what the Claude Code above this process says. */
export class ClaudeSession {
  readonly #folder: string;
  readonly #pids: readonly number[];
  #last: { readonly id: string; readonly atMs: number } | undefined;

  /** `pids`: the processes above this one, nearest first; one of them is Claude Code. */
  constructor(home: string | undefined, pids: readonly number[]) {
    this.#folder = home ?? join(homedir(), ".claude");
    this.#pids = pids;
  }

  /**
   * The conversation it is in now, and how it came to be when it is another one than the last time. Undefined where the
   * file says nothing, or is of another process with the same number. Never throws.
   */
  look(): { readonly id: string; readonly source?: ConversationSource } | undefined {
    const id = this.#current();
    if (id === undefined) return undefined;
    const before = this.#last;
    this.#last = { id, atMs: Date.now() };
    if (before === undefined || before.id === id) return { id };
    return { id, source: this.#sourceOf(id, before.atMs) };
  }

  #current(): string | undefined {
    for (const pid of this.#pids) {
      const file = SessionFile.safeParse(json(textOf(join(this.#folder, "sessions", `${pid}.json`)))).data;
      if (file && isOf(file, pid)) return file.sessionId;
    }
    return undefined;
  }

  /** By the beginning of its transcript: a cleared conversation has no entry from before the change. */
  #sourceOf(id: string, sinceMs: number): ConversationSource {
    for (const line of transcriptHead(this.#folder, id)) {
      const entry = Entry.safeParse(json(line)).data;
      if (entry?.forkedFrom !== undefined) return "fork";
      if (entry?.timestamp === undefined) continue;
      return Date.parse(entry.timestamp) < sinceMs - SLACK_MS ? "resume" : "clear";
    }
    return "clear";
  }
}

const Entry = z.object({ timestamp: z.string().optional(), forkedFrom: z.unknown().optional() });

function transcriptHead(claudeHome: string, id: string): string[] {
  const path = findTranscript({ kind: "claude", facts: { id, claudeHome } });
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

/** Whether the file is of the process with this number that runs now, where the system tells. */
function isOf({ procStart, pidDomain }: z.infer<typeof SessionFile>, pid: number): boolean {
  if (process.platform !== "linux") return true;
  const started = textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ")[19];
  if (procStart !== undefined && started !== undefined && procStart !== started) return false;
  const [, domain] = /pid:\[(\d+)\]$/.exec(pidDomain ?? "") ?? [];
  return domain === undefined || ownPidNamespace() === undefined || domain === ownPidNamespace();
}

function ownPidNamespace(): string | undefined {
  try {
    return /\[(\d+)\]$/.exec(readlinkSync("/proc/self/ns/pid"))?.[1];
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
