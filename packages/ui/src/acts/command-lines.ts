/** Command lines that do what a button does. */
import { firstOf, shellWord } from "@agentmesh/protocol/shown";

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
