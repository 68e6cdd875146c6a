/** One line per thing that happened: aligned for people, NDJSON for programs. */
import { type LogEntry, plainLine, quoted } from "@agentmesh/protocol";
import { detailOf, eventStyle } from "../../describe.ts";
import { clockTime, localDate } from "../../terminal/clock.ts";
import { jsonText, print, style, terminalWidth } from "../../terminal/output.ts";
import { cut, pad, textWidth } from "../../terminal/text-width.ts";
import { EVENT_WIDTH } from "../../timeline.ts";

const MAX_ROUTE = 34;
const GAP = "  ";

/** A printer of entries that keeps its columns aligned over all its calls and names the day when it changes. */
export function logPrinter(json: boolean): (entries: readonly LogEntry[]) => Promise<void> {
  let day = "";
  let seqWidth = 4;
  let routeWidth = 0;
  return async (entries) => {
    if (entries.length === 0) return;
    if (json) return print(entries.map((entry) => jsonText(entry, 0)).join("\n"));
    for (const entry of entries) {
      seqWidth = Math.max(seqWidth, String(entry.seq).length + 1);
      routeWidth = Math.min(MAX_ROUTE, Math.max(routeWidth, textWidth(routeOf(entry))));
    }
    const lines: string[] = [];
    for (const entry of entries) {
      const today = localDate(entry.at);
      if (process.stdout.isTTY && today !== day) lines.push(style("dim", `── ${today} ──`));
      day = today;
      lines.push(logLine(entry, seqWidth, routeWidth));
    }
    await print(lines.join("\n"));
  };
}

function logLine(entry: LogEntry, seqWidth: number, routeWidth: number): string {
  const time = process.stdout.isTTY ? clockTime(entry.at) : `${localDate(entry.at)} ${clockTime(entry.at)}`;
  const event = pad(entry.event, EVENT_WIDTH);
  const columns = [time, style(eventStyle(entry.event), event), `#${entry.seq}`.padEnd(seqWidth)];
  const left = terminalWidth() - [time, event, columns[2] ?? ""].reduce((sum, { length }) => sum + length + 2, 0);
  const route = Math.min(routeWidth, left);
  const head = [...columns, pad(cut(routeOf(entry), route), route)].join(GAP);
  const room = left - route - GAP.length;
  const detail = cut(detailOf(entry), room);
  const gap = detail === "" ? "" : GAP;
  const preview = cut(quoted(entry.preview), room - textWidth(detail) - gap.length);
  return `${head}${GAP}${detail}${gap}${style("dim", preview)}`.trimEnd();
}

function routeOf({ from, to }: LogEntry): string {
  return `${plainLine(from.name)} → ${plainLine(to.name)}`;
}
