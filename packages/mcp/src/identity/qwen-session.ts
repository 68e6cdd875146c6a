/**
 * What Qwen Code notes of its running session: its record `sessions/PID.json`, by which sessions find each other. After /clear
 * or /resume its environment names the conversation before.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { startTicks } from "../hooks/process-tree.ts";
import { findTranscript } from "../transcript/find-transcript.ts";
import { jsonIn, ownPidNamespace, type SessionNotes, textOf } from "./noted-session.ts";

const Registered = z.object({
  schemaVersion: z.literal(1),
  pid: z.int(),
  sessionId: z.string().min(1).max(200),
  /** The boot, and when the process began. */
  procStart: z.string().nullish(),
  pidNs: z.int().nullish(),
});

/** Where to look. */
export interface QwenPlaces {
  readonly qwenHome: string | undefined;
  readonly qwenProject: string | undefined;
}

/** `pids`: the processes above this one, nearest first; one of them is Qwen Code. */
export function qwenNotes({ qwenHome, qwenProject }: QwenPlaces, pids: readonly number[]): SessionNotes {
  const sessions = join(qwenHome ?? join(homedir(), ".qwen"), "sessions");
  return {
    current() {
      for (const pid of pids) {
        const record = Registered.safeParse(jsonIn(textOf(join(sessions, `${pid}.json`)))).data;
        if (record?.pid === pid && isLive(record)) return record.sessionId;
      }
      return undefined;
    },
    transcript: (id) => findTranscript({ kind: "qwen", facts: { id, qwenProject } }),
  };
}

function isLive({ pid, procStart, pidNs }: z.infer<typeof Registered>): boolean {
  const started = startTicks(pid);
  if (procStart && started !== undefined && procStart.split(":").at(-1) !== started) return false;
  const own = ownPidNamespace();
  return !pidNs || own === undefined || String(pidNs) === own;
}
