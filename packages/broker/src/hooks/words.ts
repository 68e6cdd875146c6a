/** Words out of JSON that others wrote: whatever is not there, or not of the form that was thought, is left out. */
import { plainLine } from "@agentmesh/protocol";

const MOST_CHARS = 200;
/** Of a text with lines: what somebody wrote into a form. */
const MOST_EXCERPT = 1_000;

/** What stands at a path such as `repository.full_name`. */
export function at(value: unknown, path: string): unknown {
  let here = value;
  for (const key of path.split(".")) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, key)) return undefined;
    here = Reflect.get(here, key);
  }
  return here;
}

/** A word or a short line that stands there. */
export function word(value: unknown, ...paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const found = at(value, path);
    if (typeof found !== "string" && typeof found !== "number") continue;
    const line = plainLine(String(found), MOST_CHARS).trim();
    if (line !== "") return line;
  }
  return undefined;
}

/** The first of the lines that stand there. */
export function firstLine(value: unknown, path: string): string | undefined {
  const found = at(value, path);
  return typeof found === "string" ? word({ line: found.trim().split("\n", 1)[0] }, "line") : undefined;
}

/** The beginning of a text that stands there, with its lines. */
export function excerpt(value: unknown, path: string): string | undefined {
  const found = at(value, path);
  if (typeof found !== "string" || found.trim() === "") return undefined;
  const text = found.trim().replaceAll("\r\n", "\n");
  return text.length <= MOST_EXCERPT ? text : `${text.slice(0, MOST_EXCERPT)} […]`;
}

/** The entries of a list that stands there. */
export function entries(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

type Word = string | undefined;

/** The first line of a text: who says that what happened, where and by whom. */
export function headline(
  program: string,
  said: { readonly what: string; readonly action: Word; readonly where: Word; readonly who: Word },
): string {
  const { what, action, where, who } = said;
  return `${program}: ${what}${action ? ` ${action}` : ""}${where ? ` in ${where}` : ""}${who ? ` by ${who}` : ""}`;
}

/** A branch or tag that was pushed to. */
export function refOf(body: unknown): string {
  return word(body, "ref")?.replace(/^refs\/(heads|tags)\//, "") ?? "?";
}

/** Lines, without those that say nothing. */
export function lines(...all: readonly (string | undefined)[]): string {
  return all.filter((line) => line !== undefined && line !== "").join("\n");
}

/** Commits of a push, the first few of them, one a line. */
export function commitLines(commits: readonly unknown[], most = 10): string | undefined {
  if (commits.length === 0) return undefined;
  const shown = commits.slice(0, most).map((commit) => {
    const by = word(commit, "author.username", "author.name");
    return `- ${word(commit, "id")?.slice(0, 9) ?? "?"} ${firstLine(commit, "message") ?? ""}${by ? ` (${by})` : ""}`;
  });
  return lines(...shown, commits.length > most ? `- and ${commits.length - most} more` : undefined);
}
