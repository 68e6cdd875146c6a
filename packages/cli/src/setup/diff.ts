/** A unified diff of a file as it is and as it would be, harmless in a terminal and without other people's secrets. */
import { plainText } from "@agentmesh/protocol";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { shortPath } from "../describe.ts";
import { style } from "../output.ts";

const LONGEST_LINE = 400;
const SECRET =
  /("?[\w.-]*(?:token|secret|password|passwd|api_?key|apikey|authorization|credential|private_?key)[\w.-]*"?\s*[:=]\s*)(?:"[^"]*"|'[^']*')/gi;

/** The diff with three lines around each change. */
export function diffText(path: string, from: string | undefined, to: string | undefined): string {
  const name = shortPath(path);
  const patch = createTwoFilesPatch(
    from === undefined ? "/dev/null" : name,
    to === undefined ? "/dev/null" : name,
    visible(from ?? ""),
    visible(to ?? ""),
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
  const secretless = plainText(line).replace(SECRET, '$1"…"');
  const text = secretless.length > LONGEST_LINE ? middleCut(secretless) : secretless;
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
