/** A unified diff of a file as it is and as it would be, harmless in a terminal and without other people's secrets. */
import { plainText } from "@agentmesh/protocol";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { shortPath } from "../describe.ts";
import { style } from "../terminal/output.ts";
import type { ConfigFile } from "./config/config-file.ts";
import { hidden, veilOf } from "./veil.ts";

const LONGEST_LINE = 400;
const CONTEXT = 3;

/** The diff with three lines around each change. */
export function diffText(
  { path, secret }: Pick<ConfigFile, "path" | "secret">,
  from: string | undefined,
  to: string | undefined,
): string {
  const name = shortPath(path);
  const [before, after] = [visible(from ?? ""), visible(to ?? "")];
  const veil = secret === true ? undefined : veilOf(path, before, after);
  // A file may be 15 MB long: only what differs is veiled, compared and shown.
  const window = differing(before, after);
  const part = (text: string, { start, end }: { readonly start: number; readonly end: number }) =>
    veil === undefined ? hidden(text.slice(start, end)) : veil(text, start, end);
  const patch = createTwoFilesPatch(
    from === undefined ? "/dev/null" : name,
    to === undefined ? "/dev/null" : name,
    part(before, window.before),
    part(after, window.after),
    undefined,
    undefined,
    { context: CONTEXT, headerOptions: FILE_HEADERS_ONLY },
  );
  return patch
    .split("\n")
    .slice(0, -1)
    .map((line) => shown(line, window.linesAbove))
    .join("\n");
}

/** The lines of two texts that differ, with a few around them. */
function differing(before: string, after: string) {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < most && before.charCodeAt(same) === after.charCodeAt(same)) same++;
  let tail = 0;
  while (
    tail < most - same &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  )
    tail++;
  let start = same;
  for (let lines = 0; lines <= CONTEXT && start > 0; lines++) start = before.lastIndexOf("\n", start - 1);
  start = start <= 0 ? 0 : start + 1;
  const end = (text: string) => {
    let at = text.length - tail;
    for (let lines = 0; lines <= CONTEXT && at < text.length; lines++) {
      const next = text.indexOf("\n", at);
      at = next === -1 ? text.length : next + 1;
    }
    return at;
  };
  let linesAbove = 0;
  for (let at = before.indexOf("\n"); at !== -1 && at < start; at = before.indexOf("\n", at + 1)) linesAbove++;
  return { before: { start, end: end(before) }, after: { start, end: end(after) }, linesAbove };
}

/** Line ends of Windows and the byte order mark would be seen as nothing. */
function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/^\uFEFF/, "");
}

function shown(line: string, linesAbove: number): string {
  const plain = plainText(line.length > LONGEST_LINE ? middleCut(line) : line);
  if (plain.startsWith("+++") || plain.startsWith("---")) return style("bold", plain);
  if (plain.startsWith("@@")) return style("cyan", moved(plain, linesAbove));
  if (plain.startsWith("+")) return style("green", plain);
  return plain.startsWith("-") ? style("red", plain) : plain;
}

/** The head of a hunk, by the lines of the whole file. */
function moved(head: string, by: number): string {
  if (by === 0) return head;
  return head.replace(/([-+])(\d+)/g, (_, sign: string, line: string) => `${sign}${Number(line) + by}`);
}

/** The beginning and the end of a line that is a whole file: what setup adds stands at the end. */
function middleCut(line: string): string {
  const left = line.length - LONGEST_LINE;
  return `${line.slice(0, LONGEST_LINE / 4)}… ${left} characters …${line.slice((-LONGEST_LINE * 3) / 4)}`;
}
