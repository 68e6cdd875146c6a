/** A process by more than its id, so that a program of the same machine can see that it is gone. */
import * as z from "zod";
import { strictObject } from "../shapes/lazy-object.ts";
import { type Standpoint, type StandpointReader, standpointOf } from "./standpoint.ts";

const word = z.string().min(1).max(64);

/** One process of one start of one machine, as its PID namespace counts. Ids are given out again, and each namespace has its own. */
export const ProcessMark = strictObject(() => ({
  pid: z.int().positive(),
  start: word.meta({ description: "field 22 of /proc/PID/stat" }),
  boot: word.meta({ description: "content of /proc/sys/kernel/random/boot_id" }),
  processes: word.meta({ description: "target of /proc/self/ns/pid" }),
}));
export type ProcessMark = z.infer<typeof ProcessMark>;

/** How a program looks at processes; the functions throw what they cannot read. */
export interface ProcessReader extends StandpointReader {
  readonly pid: number;
}

/** How a program watches others. */
export interface ProcessWatcher extends ProcessReader {
  /** Sends signal 0: throws an error with the code ESRCH when there is surely no such process. */
  probe(pid: number): void;
}

/** Behind the name in parentheses of `/proc/PID/stat`: its state, and when it began. */
const STATE = 0;
const START = 19;
/** A zombie, or one that is being taken down: it runs no more, and holds nothing open. */
const ENDED = /^[ZXx]$/;

/** The mark of the process that reads; undefined where the system does not say enough, as on macOS and Windows. */
export function ownProcess(read: ProcessReader): ProcessMark | undefined {
  const { boot, processes } = standpointOf(read);
  const start = statOf(read, read.pid)?.start;
  return ProcessMark.safeParse({ pid: read.pid, start, boot, processes }).data;
}

/** Whether a mark is of a process that a standpoint counts: of others nothing can be said there. */
export function isProcessOf({ boot, processes }: Standpoint, mark: ProcessMark): boolean {
  return boot === mark.boot && processes === mark.processes;
}

/** Whether no process has an id: a look that costs a twentieth of `isProcessGone`, and sees no zombie and no id given out again. */
export function isProcessMissing(read: Pick<ProcessWatcher, "probe">, { pid }: Pick<ProcessMark, "pid">): boolean {
  return probed(read, pid) === "missing";
}

function probed(read: Pick<ProcessWatcher, "probe">, pid: number): "there" | "missing" | "another's" {
  try {
    read.probe(pid);
    return "there";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH" ? "missing" : "another's";
  }
}

/**
 * Whether a process is surely over, seen from a standpoint. False says nothing: it may be another machine's, or not to be
 * seen from here.
 */
export function isProcessGone(read: ProcessWatcher, from: Standpoint, mark: ProcessMark): boolean {
  if (!isProcessOf(from, mark)) return false;
  const seen = probed(read, mark.pid);
  if (seen !== "there") return seen === "missing";
  const now = statOf(read, mark.pid);
  return now !== undefined && (now.start !== mark.start || ENDED.test(now.state));
}

function statOf(read: ProcessReader, pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    // A PID namespace may be without a /proc of its own: then `/proc/12` is another process than our 12.
    if (read.readLink("/proc/self") !== String(read.pid)) return undefined;
    const stat = read.readFile(`/proc/${pid}/stat`);
    // The name in parentheses may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, start] = [fields[STATE], fields[START]];
    return state === undefined || start === undefined ? undefined : { state, start };
  } catch {
    return undefined;
  }
}
