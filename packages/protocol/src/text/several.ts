/** Command lines that do the same with each of several. */

/** Most of several that a line names; then it is cut. */
const NAMED = 3;

/** The first of several, and a sign that there are more. */
export function firstOf(all: readonly string[]): string {
  return `${all.slice(0, NAMED).join(" ")}${all.length > NAMED ? " …" : ""}`;
}

/** The line that does the same with each of several: it names the first ones. */
export function forEach(names: readonly string[], command: (name: string) => string): string {
  const [only] = names;
  return names.length === 1 && only !== undefined
    ? command(only)
    : `for each in ${firstOf(names)}; do ${command("$each")}; done`;
}
