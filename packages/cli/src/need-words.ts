/** What waits for a person, in words; everything of other agents leaves here as one plain line. */
import { type Need, plainLine, quoted, quotedUnlessWord } from "@agentmesh/protocol";
import type { Style } from "./terminal/output.ts";

const kinds = new Map<string, readonly [word: string, style: Style]>([
  ["disk", ["disk", "red"]],
  ["question", ["asks you", "cyan"]],
  ["held", ["held", "red"]],
  ["dead", ["dead letter", "red"]],
  ["nearly_full", ["inbox full", "red"]],
  ["deadlock", ["deadlock", "red"]],
  ["loop", ["loop guard", "yellow"]],
  ["overdue", ["overdue", "red"]],
  ["webhook", ["webhook", "yellow"]],
  ["push", ["push path", "yellow"]],
  ["backlog", ["backlog", "yellow"]],
  ["mail", ["mail", "dim"]],
]);

/** A kind of need in a word or two, and how it looks; one of a later version by its name. */
export function kindOf({ kind }: Need): { readonly text: string; readonly style: Style } {
  const [text, style] = kinds.get(kind) ?? [plainLine(kind.replaceAll("_", " ")), "yellow"];
  return { text, style };
}

/** What waits, in a sentence without its message. */
export function needSentence({ kind, agent, from, why, count = 1, path }: Need): string {
  const [one, other] = [plainLine(from?.name ?? ""), plainLine(agent?.name ?? "")];
  const often = count > 1 ? `, ${count} times` : "";
  switch (kind) {
    case "question":
      return `${one} waits for an answer of ${other}`;
    case "overdue":
      return `${one} waits for an answer that ${other} owes`;
    case "held":
      return `${one} to ${other}`;
    case "dead":
      return `${count > 1 ? `${count} messages, the first of ${one},` : one} to ${other} (${quotedUnlessWord(why)})`;
    case "deadlock":
      return `${one} asked ${other}, which waits for it: refused${often}`;
    case "loop":
      return `${one} to ${other}, refused${often}: ${plainLine(why)}`;
    case "disk":
      return plainLine(why);
    case "push":
    case "webhook":
      return `${other} by ${plainLine(path ?? kind)}: ${quoted(why)}`;
    default:
      return `${other}: ${plainLine(why)}`;
  }
}

/** The first words of its message; nothing where it is about none. */
export function needPreview({ preview }: Need): string {
  return preview === undefined ? "" : quoted(preview);
}
