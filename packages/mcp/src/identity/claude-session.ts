/**
 * What Claude Code notes of its running session: `sessions/PID.json` in its folder. With `--continue` its environment names a
 * conversation that never comes to be, and after /clear or /resume the one before.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { startTicks } from "../hooks/process-tree.ts";
import { findTranscript } from "../transcript/find-transcript.ts";
import { jsonIn, ownPidNamespace, type SessionNotes, textOf } from "./noted-session.ts";

const SessionFile = z.object({
  sessionId: z.string().min(1).max(200),
  procStart: z.string().optional(),
  pidDomain: z.string().optional(),
});

/** `pids`: the processes above this one, nearest first; one of them is Claude Code. */
export function claudeNotes(home: string | undefined, pids: readonly number[]): SessionNotes {
  const claudeHome = home ?? join(homedir(), ".claude");
  return {
    current() {
      for (const pid of pids) {
        const file = SessionFile.safeParse(jsonIn(textOf(join(claudeHome, "sessions", `${pid}.json`)))).data;
        if (file && isOf(file, pid)) return file.sessionId;
      }
      return undefined;
    },
    transcript: (id) => findTranscript({ kind: "claude", facts: { id, claudeHome } }),
  };
}

/** Whether the file is of the process with this number that runs now, where the system tells. */
function isOf({ procStart, pidDomain }: z.infer<typeof SessionFile>, pid: number): boolean {
  if (process.platform !== "linux") return true;
  const started = startTicks(pid);
  if (procStart !== undefined && started !== undefined && procStart !== started) return false;
  const [, domain] = /pid:\[(\d+)\]$/.exec(pidDomain ?? "") ?? [];
  return domain === undefined || ownPidNamespace() === undefined || domain === ownPidNamespace();
}
