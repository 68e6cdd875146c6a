/** A unified diff of a file as it is and as it would be, harmless in a terminal and without other people's secrets. */
import { plainText } from "@agentmesh/protocol";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { shortPath } from "../describe.ts";
import { style } from "../output.ts";
import type { ConfigFile } from "./config/config-file.ts";
import { hidden, veilOf } from "./veil.ts";

const LONGEST_LINE = 400;

/** The diff with three lines around each change. */
export function diffText(
  { path, secret }: Pick<ConfigFile, "path" | "secret">,
  from: string | undefined,
  to: string | undefined,
): string {
  const name = shortPath(path);
  const veil = secret === true ? hidden : veilOf(path, from ?? "", to ?? "");
  const patch = createTwoFilesPatch(
    from === undefined ? "/dev/null" : name,
    to === undefined ? "/dev/null" : name,
    veil(visible(from ?? "")),
    veil(visible(to ?? "")),
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY },
  );
  return patch.split("\n").slice(0, -1).map(shown).join("\n");
}

/** Line ends of Windows and the byte order mark would be seen as nothing. */
function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/^\uFEFF/, "");
}

function shown(line: string): string {
  const plain = plainText(line);
  const text = plain.length > LONGEST_LINE ? middleCut(plain) : plain;
  if (text.startsWith("+++") || text.startsWith("---")) return style("bold", text);
  if (text.startsWith("@@")) return style("cyan", text);
  if (text.startsWith("+")) return style("green", text);
  return text.startsWith("-") ? style("red", text) : text;
}

/** The beginning and the end of a line that is a whole file: what setup adds stands at the end. */
function middleCut(line: string): string {
  const left = line.length - LONGEST_LINE;
  return `${line.slice(0, LONGEST_LINE / 4)}… ${left} characters …${line.slice((-LONGEST_LINE * 3) / 4)}`;
}
