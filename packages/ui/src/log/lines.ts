/** The lines of the log: what was before the page was opened and what came since, each once, as far as the filter lets through. */
import type { LogEntry, MeshEvent } from "@agentmesh/protocol";
import { eventWords } from "./words.ts";

/** One line. */
export interface Line {
  readonly key: string;
  readonly at: string;
  readonly noun: string;
  readonly verb: string;
  readonly from?: string;
  readonly who: string;
  readonly words: string;
  readonly messageId?: string;
}

/** Lines of what was before; those that also came as events are left out by their time and delivery. */
export function linesOf(earlier: readonly LogEntry[], events: readonly MeshEvent[]): Line[] {
  const first = events[0]?.at;
  const before = earlier
    .filter(({ at }) => first === undefined || at < first)
    .map(({ at, event, deliveryId, from, to, seq, messageId, path, attempt }, n): Line => {
      const by = path === undefined ? "" : ` by ${path}`;
      const words = `#${seq} ${event.replace("_", " ")}${by}`;
      const key = `${deliveryId} ${event} ${attempt} ${at} ${n}`;
      return { key, at, noun: "delivery", verb: event, from: from.name, who: to.name, words, messageId };
    });
  return [...before, ...linesOfEvents(events)];
}

/** Lines of events, made once: each batch brings a few to thousands, and takes as many away at the other end. */
let made: { readonly events: readonly MeshEvent[]; readonly lines: readonly Line[] } = { events: [], lines: [] };

function linesOfEvents(events: readonly MeshEvent[]): readonly Line[] {
  const [first] = events;
  const from = first === undefined ? -1 : made.events.indexOf(first);
  const kept = from < 0 ? [] : made.lines.slice(from, from + events.length);
  made = { events, lines: [...kept, ...events.slice(kept.length).map(newLine)] };
  return made.lines;
}

function newLine(event: MeshEvent): Line {
  const [noun = "", verb = ""] = event.type.split(".");
  const common = { key: event.cursor, at: event.at, noun, verb, words: eventWords(event) };
  return "deliveryId" in event
    ? { ...common, from: event.from.name, who: event.to.name, messageId: event.messageId }
    : { ...common, who: event.agent.name };
}

/** Those of the nouns that are wanted, with all words of a filter in them. */
export function filtered(lines: readonly Line[], nouns: ReadonlySet<string>, filter: string): readonly Line[] {
  if (nouns.size === 0 && filter.trim() === "") return lines;
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return lines.filter(({ noun, from, who, words: said }) => {
    if (nouns.size > 0 && !nouns.has(noun)) return false;
    const text = `${from ?? ""} ${who} ${said}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
