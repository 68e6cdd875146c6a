/** Command lines that do what a button does. */
import { shellWord } from "@agentmesh/protocol/shown";

/** The command line for several deliveries: the first ones by name. */
export function commandFor(verb: "redrive" | "dismiss", ids: readonly string[]): string {
  if (verb === "dismiss") return `agentmesh dismiss ${ids.slice(0, 3).join(" ")}${ids.length > 3 ? " …" : ""}`;
  return ids.length === 1
    ? `agentmesh redrive ${ids[0]}`
    : `for d in ${ids.slice(0, 2).join(" ")} …; agentmesh redrive $d`;
}

/** A command with a text of the person. */
export function saying(command: string, text: string): string {
  return `agentmesh ${command} ${text.trim() === "" ? "…" : shellWord(text)}`;
}
