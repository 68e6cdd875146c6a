/** Messages of the past in words: one line each, or whole, as a conversation reads. */
import { type HistoryEntry, plainLine } from "@agentmesh/protocol";
import { bodyLine, bodyText, fromWords, stateStyle, trustWords } from "./describe.ts";
import { clockTime, localDate } from "./terminal/clock.ts";
import { indented, type Style, style, terminalWidth } from "./terminal/output.ts";
import { cut, pad, textWidth } from "./terminal/text-width.ts";

const MAX_ROUTE = 40;
const MAX_STATE = 24;

interface Outcome {
  readonly state: string;
  /** Why it is so; empty when there is nothing to add. */
  readonly why: string;
  readonly style: Style;
}

/** What became of a message, over all its recipients: `acked`, and `replied`; or `2 acked, 1 queued`. */
function outcomeOf({ message, deliveries, moreDeliveries }: HistoryEntry): Outcome {
  const [first] = deliveries;
  if (!first) return { state: "no subscriber", why: "", style: "dim" };
  if (message.topic === undefined) {
    const why = first.state === "queued" ? "" : plainLine(first.reason ?? "");
    return { state: first.state, why, style: stateStyle[first.state] };
  }
  const counts = new Map<string, number>();
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1);
  const unacked = deliveries.find(({ state }) => state !== "acked");
  const state = [...counts].map(([each, count]) => `${count} ${each}`).join(", ");
  return { state: `${state}${moreDeliveries ? " …" : ""}`, why: "", style: stateStyle[unacked?.state ?? "acked"] };
}

/** One line per message: time, from → to, its state, and as much of the text as there is room for. */
export function listText(entries: readonly HistoryEntry[]): string {
  const routeWidth = Math.min(MAX_ROUTE, Math.max(...entries.map((entry) => textWidth(listRouteOf(entry)))));
  const stateWidth = Math.min(MAX_STATE, Math.max(...entries.map((entry) => textWidth(outcomeOf(entry).state))));
  return byDay(entries, (entry) => {
    const outcome = outcomeOf(entry);
    const head = `${timeOf(entry)}  ${pad(cut(listRouteOf(entry), routeWidth), routeWidth)}`;
    const state = pad(cut(outcome.state, stateWidth), stateWidth);
    const room = terminalWidth() - textWidth(`${head}  ${state}  `);
    return `${head}  ${style(outcome.style, state)}  ${cut(bodyLine(entry.message), room)}`.trimEnd();
  });
}

/** Whole texts under their heads. */
export function conversationText(entries: readonly HistoryEntry[]): string {
  return byDay(entries, (entry) => `${headOf(entry)}\n${indented(bodyText(entry.message))}\n`).trimEnd();
}

/** One line per message around what was found. */
export function foundText(entries: readonly HistoryEntry[], typed: string): string {
  return byDay(entries, (entry) => {
    const line = cut(plainLine(entry.snippet ?? bodyText(entry.message)), terminalWidth() - 4);
    return `${headOf(entry)}\n    ${emphasised(line, typed)}`;
  });
}

/** Time, from → to and what became of it; the id behind that, or below it in a narrow terminal. */
function headOf(entry: HistoryEntry): string {
  const { message } = entry;
  const trust = trustWords(entry.deliveries[0]?.trust, message);
  const { state, why, style: colour } = outcomeOf(entry);
  const start = `${timeOf(entry)}  ${routeOf(entry)}  `;
  const more = [
    ...(why === "" ? [] : [why]),
    ...(trust === "" ? [] : [trust]),
    ...(message.urgency === "normal" ? [] : [message.urgency]),
    ...(message.kind === "message" ? [] : [plainLine(message.kind)]),
  ].map((fact) => ` · ${fact}`);
  const room = terminalWidth() - textWidth(start) - textWidth(state);
  const rest = cut(more.join(""), room);
  const beside = room - textWidth(rest) >= message.id.length + 2;
  const id = `${beside ? "  " : "\n    "}${style("dim", message.id)}`;
  return `${timeOf(entry)}  ${style("bold", routeOf(entry))}  ${style(colour, state)}${rest}${id}`;
}

function routeOf({ message }: HistoryEntry): string {
  return `${plainLine(message.from.name)} → ${plainLine(message.to)}`;
}

/** The same with how it came, where no other place of the line says so. */
function listRouteOf({ message, deliveries }: HistoryEntry): string {
  return `${fromWords(deliveries[0]?.trust, message)} → ${plainLine(message.to)}`;
}

/** The time of day on a terminal, where a line names each day; the date as well anywhere else. */
function timeOf({ message: { acceptedAt } }: HistoryEntry): string {
  const time = clockTime(acceptedAt);
  return process.stdout.isTTY ? time : `${localDate(acceptedAt)} ${time}`;
}

function byDay(entries: readonly HistoryEntry[], text: (entry: HistoryEntry) => string): string {
  let day = "";
  return entries
    .flatMap((entry) => {
      const today = localDate(entry.message.acceptedAt);
      const heading = process.stdout.isTTY && today !== day ? [style("dim", `── ${today} ──`)] : [];
      day = today;
      return [...heading, text(entry)];
    })
    .join("\n");
}

/** A line with the words that were searched for in bold. */
function emphasised(line: string, typed: string): string {
  const words = typed.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return line;
  return line.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})`, "giu"), (word) => style("bold", word));
}
