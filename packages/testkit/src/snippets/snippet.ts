/** The fenced blocks of the pages, and what the page says of those that are not run. */
import { readFileSync } from "node:fs";

/** One fenced block. */
export interface Snippet {
  /** Its page, from the folder of the repository. */
  readonly page: string;
  /** Line of its fence. */
  readonly line: number;
  /** Its language; empty for what a program prints. */
  readonly language: string;
  readonly text: string;
  /** Why it is not run: `<!-- not run: reason -->` above the fence. */
  readonly notRun: string | undefined;
}

const BLOCK = /^(?:<!-- not run: (?<reason>[^\n]+?) -->\n)?```(?<language>[a-z0-9]*)\n(?<text>[\s\S]*?)^```$/gm;

/** The blocks of a page, in their order. */
export function snippetsOf(root: string, page: string): Snippet[] {
  const content = readFileSync(`${root}/${page}`, "utf8");
  return [...content.matchAll(BLOCK)].map(({ index, groups = {} }) => ({
    page,
    line: content.slice(0, index).split("\n").length + (groups.reason === undefined ? 0 : 1),
    language: groups.language ?? "",
    text: groups.text ?? "",
    notRun: groups.reason,
  }));
}
