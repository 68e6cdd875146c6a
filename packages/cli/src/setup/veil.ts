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

/** How two versions of a file are shown: strings that setup adds, or that start its adapter, are seen, others not. */
export function veilOf(path: string, from: string, to: string): (text: string) => string {
  const pieces = path.endsWith(".toml") ? TOML_PIECES : JSON_PIECES;
  const [before, after] = [countsOf(from, pieces), countsOf(to, pieces)];
  const isSeen = (piece: string) => {
    const [was, is] = [before.get(piece) ?? 0, after.get(piece) ?? 0];
    return is > was || (is < was && (startsAdapter(piece) || /^# .{3} agentmesh setup/.test(piece)));
  };
  return (text) =>
    text.replace(pieces, (piece, offset: number) => {
      if (!isComment(piece) && /^\s*[:=]/.test(text.slice(offset + piece.length))) return piece;
      if (isSeen(piece) && !SECRET_NAME.test(text.slice(Math.max(0, offset - 200), offset))) {
        return piece.replace(/(:\/\/)[^/@\s"']+@/g, "$1…@");
      }
      const edge = /^(?:"""|'''|\/\/|\/\*|["'#])/.exec(piece)?.[0] ?? "";
      const end = isComment(piece) ? (edge === "/*" ? "*/" : "") : edge;
      return `${edge}${hidden(piece.slice(edge.length, piece.length - end.length))}${end}`;
    });
}

function isComment(piece: string): boolean {
  return /^(?:#|\/[/*])/.test(piece);
}

function countsOf(text: string, pieces: RegExp): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [piece] of text.replaceAll("\r\n", "\n").matchAll(pieces)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}
