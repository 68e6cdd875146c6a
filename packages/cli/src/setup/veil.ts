/** Hides what is none of setup's in a configuration text that is shown: every string and comment but its own. */
import { startsAdapter } from "./config/config-file.ts";

/** Comments and strings; a name before its value is a string too, and is told by what follows it. */
const JSON_PIECES = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const TOML_PIECES = /#[^\n]*|"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'/g;

const SECRET_NAME =
  /(?:token|secret|password|passwd|api_?key|authorization|credential|private_?key)[\w.-]*["']?\s*[:=]\s*$/i;

/** A text of which nothing is to be seen but how many lines it has. */
export function hidden(text: string): string {
  return text.replace(/[^\n]+/g, "…");
}

/**
 * How parts of two versions of a file are shown: strings that setup adds, or that start its adapter, are seen, others
 * not. The text is gone over from its beginning, as only that tells what is a string; nothing is kept but what is shown.
 */
export function veilOf(path: string, from: string, to: string): (text: string, start: number, end: number) => string {
  const pieces = path.endsWith(".toml") ? TOML_PIECES : JSON_PIECES;
  const counts = countsOf(from, to, pieces);
  const isSeen = (piece: string) => {
    const more = counts.get(piece) ?? 0;
    return more > 0 || (more < 0 && (startsAdapter(piece) || /^# .{3} agentmesh setup/.test(piece)));
  };
  return (text, start, end) => {
    const shown: string[] = [];
    let done = start;
    for (const { piece, at } of piecesOf(text, pieces)) {
      if (at >= end) break;
      const behind = at + piece.length;
      if (behind <= start) continue;
      shown.push(text.slice(done, Math.max(at, done)));
      const veiled = shownPiece(text, piece, at, isSeen);
      // Of a piece that begins above the part or ends below it, what is within is hidden, line by line.
      shown.push(at < start || behind > end ? hidden(text.slice(Math.max(at, start), Math.min(behind, end))) : veiled);
      done = Math.min(behind, end);
    }
    return shown.join("") + text.slice(done, end);
  };
}

function shownPiece(text: string, piece: string, at: number, isSeen: (piece: string) => boolean): string {
  if (!isComment(piece) && /^\s*[:=]/.test(text.slice(at + piece.length, at + piece.length + 200))) return piece;
  if (isSeen(piece) && !SECRET_NAME.test(text.slice(Math.max(0, at - 200), at))) {
    return piece.replace(/(:\/\/)[^/@\s"']+@/g, "$1…@");
  }
  const edge = /^(?:"""|'''|\/\/|\/\*|["'#])/.exec(piece)?.[0] ?? "";
  const end = isComment(piece) ? (edge === "/*" ? "*/" : "") : edge;
  return `${edge}${hidden(piece.slice(edge.length, piece.length - end.length))}${end}`;
}

function isComment(piece: string): boolean {
  return /^(?:#|\/[/*])/.test(piece);
}

/** By how many a piece is more in the second text; pieces before and behind what differs are in both. */
function countsOf(from: string, to: string, pieces: RegExp): ReadonlyMap<string, number> {
  const most = Math.min(from.length, to.length);
  let head = 0;
  while (head < most && from.charCodeAt(head) === to.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < most - head && from.charCodeAt(from.length - 1 - tail) === to.charCodeAt(to.length - 1 - tail)) tail++;
  const counts = new Map<string, number>();
  const count = (text: string, step: number) => {
    for (const { piece, at } of piecesOf(text, pieces)) {
      if (at > text.length - tail) return;
      if (at + piece.length >= head) counts.set(piece, (counts.get(piece) ?? 0) + step);
    }
  };
  count(from, -1);
  count(to, 1);
  return counts;
}

function* piecesOf(text: string, pieces: RegExp): Generator<{ readonly piece: string; readonly at: number }> {
  for (const { 0: piece, index } of text.matchAll(pieces)) yield { piece, at: index };
}
