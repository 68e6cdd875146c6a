/** What a person or a model saw, with what differs from run to run replaced by what stands for it. */
import { VERSION } from "@agentmesh/protocol";
import type { McpSession, ToolAnswer } from "../mcp-session.ts";
import { withoutWaits } from "../programs.ts";
import { until } from "../until.ts";

/** What was there in a run, and what the page shows in its place; longer ones are replaced first. */
export type StandIns = readonly (readonly [real: string | number, shown: string])[];

/** A command or a call, and everything that was printed. */
export interface Screen {
  readonly typed: string;
  readonly seen: string;
}

/** What somebody who typed `command` saw: both streams, and the exit code when it is not 0. */
export function commandScreen(
  command: string,
  ended: { readonly code: number | null; readonly stdout: string; readonly stderr: string },
): Screen {
  const exit = ended.code === 0 ? "" : `(exit code ${ended.code})`;
  return {
    typed: `$ ${command}`,
    seen: [ended.stdout.trimEnd(), withoutWaits(ended.stderr).trimEnd(), exit].filter(Boolean).join("\n"),
  };
}

/** What a tool answers for good: on a machine under load the first call may be over before the broker has ended. */
export function lastingAnswer(session: Pick<McpSession, "tool">, name: string): Promise<ToolAnswer> {
  return until(async () => {
    const answer = await session.tool(name);
    return answer.text.includes("within 1800 ms") ? undefined : answer;
  }, `an answer of ${name} that is not that it takes too long`);
}

/** What a model saw that called a tool. */
export function toolScreen(call: string, answer: { readonly text: string }): Screen {
  return { typed: `> ${call}`, seen: answer.text };
}

/** The lines of a log that hold one of `events`. */
export function logScreen(file: string, log: string, events: readonly string[]): Screen {
  const lines = log.split("\n").filter((line) => events.some((event) => line.includes(event)));
  return { typed: `# ${file}`, seen: lines.join("\n") };
}

/** The lines of a screen that hold one of these. */
export function linesWith(screen: Screen, parts: readonly string[]): Screen {
  const lines = screen.seen.split("\n").filter((line) => parts.some((part) => line.includes(part)));
  return { ...screen, seen: lines.join("\n") };
}

/** The text with stand-ins; times, durations, versions and process ids are replaced by themselves. */
export function settled(text: string, standIns: StandIns): string {
  const own = [...standIns].sort(([a], [b]) => String(b).length - String(a).length);
  const named = own.reduce((sofar, [real, shown]) => sofar.replaceAll(String(real), shown), text);
  return named
    .replaceAll(VERSION, "X.Y.Z")
    .replaceAll(process.versions.node, "24.0.0")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "2026-01-02T03:04:05.678Z")
    .replace(/(?:\b\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d\b(?!\.)/g, "03:04:05")
    .replace(/("time":)\d+/g, "$11767323845678")
    .replace(/(\bpid"?:? +|"pid":|kill -CONT )\d+/g, "$14711")
    .replace(/\b(up|for) \d+(ms|s|m)\b/g, "$1 2s")
    .replace(/\b\d+(ms|s|m) (ago|of)\b/g, "2s $2")
    .replace(/\b(oldest|in mesh for) ( *)\d+[sm]\b/g, "$1 $22s")
    .replace(/\bafter \d+ ms\b/g, "after 2 ms")
    .replace(/^(accepted {2})\d+ ms +/gm, "$12 ms       ");
}

const ID = /\b([a-z]{3})_([0-9a-f]{32})\b/g;

/** The text with ids that are counted in the order of their appearance; a message and the thread that it began share one. */
export function withCountedIds(text: string): string {
  const counted = new Map<string, string>();
  return text.replace(ID, (_, kind: string, own: string) => {
    const as = counted.get(own) ?? `01a20425d9257049b71066cb9497${String(counted.size + 1).padStart(4, "0")}`;
    counted.set(own, as);
    return `${kind}_${as}`;
  });
}
