/** Command lines that do what a button does. */
import { shellWord } from "@agentmesh/protocol/shown";

/** Most of several that a line names; then it is cut. */
const NAMED = 3;

/** The line that does the same with each of several: it names the first ones. */
export function forEach(names: readonly string[], command: (name: string) => string): string {
  const [only] = names;
  return names.length === 1 && only !== undefined
    ? command(only)
    : `for each in ${firstOf(names)}; do ${command("$each")}; done`;
}

/** The line that takes dead letters off the list. */
export function dismissing(ids: readonly string[]): string {
  return `agentmesh dismiss ${firstOf(ids)}`;
}

/** A command with a text of the person; `…` where the text cannot stand in a line. */
export function saying(command: string, text: string): string {
  if (text.trim() === "" || text === "-") return `agentmesh ${command} …`;
  return `agentmesh ${command} ${text.startsWith("-") ? "-- " : ""}${shellWord(text)}`;
}

/** The flag of an urgency that is not the usual one. */
export function withUrgency(command: string, urgency: string): string {
  return urgency === "normal" ? command : `${command} --urgency ${urgency}`;
}

function firstOf(all: readonly string[]): string {
  return `${all.slice(0, NAMED).join(" ")}${all.length > NAMED ? " …" : ""}`;
}
