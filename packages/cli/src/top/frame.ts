/** What `top` shows, as lines of a size: pure, so that a size is all it takes to draw it anew. */
import {
  type Agent,
  type LogEntry,
  type Need,
  plainLine,
  presenceWords,
  quoted,
  waitingWords,
} from "@agentmesh/protocol";
import { detailOf, eventStyle, presenceStyle, reachedBy, times } from "../describe.ts";
import { kindOf, needPreview, needSentence } from "../need-words.ts";
import { clockTime, since } from "../terminal/clock.ts";
import { type Style, style } from "../terminal/output.ts";
import { cut, pad, textWidth } from "../terminal/text-width.ts";
import { keysFor } from "./keys.ts";
import { chosenAgent, chosenAt, chosenNeed, isGone, type TopState, type View, views } from "./state.ts";

/** Rows and columns of a terminal. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

const titles: Readonly<Record<View, string>> = { needs: "Needs you", agents: "Agents", log: "Log" };

/** Lines below the rows: what is known of the chosen one. */
const DETAIL = 3;
/** What is around the rows: a heading, a line, the keys. */
const AROUND = 3;

/** The lines, each cut to the width, as many as there are rows. */
export function frameOf(state: TopState, size: Size, now = Date.now()): string[] {
  const room = Math.max(1, size.rows - AROUND - DETAIL);
  const rows = rowsOf(state, size.columns);
  const at = chosenAt(state);
  // The chosen row is always seen, with one more on either side where there is one.
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), rows.length - room));
  const shown = rows.slice(first, first + room);
  const below = Math.max(0, rows.length - first - shown.length);
  const rule = `${first > 0 ? `↑ ${first} ` : ""}${below > 0 ? `↓ ${below} ` : ""}`;
  const lines = [
    heading(state, size.columns, now),
    ...(shown.length > 0
      ? shown.map((row, n) => rowLine(row, first + n === at && !isGone(state), size.columns))
      : [`  ${emptyWords(state)}`]),
  ];
  while (lines.length < 1 + room) lines.push("");
  return [
    ...lines,
    style("dim", `${rule}${"─".repeat(Math.max(0, size.columns - textWidth(rule)))}`),
    ...detail(state, size.columns),
    bottom(state, size.columns),
  ].slice(0, size.rows);
}

interface Part {
  readonly text: string;
  readonly style?: Style;
}

function heading(state: TopState, columns: number, now: number): string {
  const tabs = views.map((view, n) => {
    const count = view === "needs" ? state.needCount : view === "agents" ? state.agentCount : undefined;
    const title = `${n + 1} ${titles[view]}${count === undefined ? "" : ` ${count}`}`;
    return view === state.view ? { text: `[${title}]`, style: "bold" as const } : { text: ` ${title} ` };
  });
  const last =
    state.heardAt === undefined ? "no data yet" : `last data ${clockTime(new Date(state.heardAt).toISOString())}`;
  const told: Part = state.isLost
    ? { text: `reconnecting, ${last}`, style: "red" }
    : {
        text: `${state.isHeldBack ? "no events come through, asks; " : ""}${clockTime(new Date(now).toISOString())}`,
        style: "dim",
      };
  const used = tabs.reduce((sum, { text }) => sum + textWidth(text) + 1, 0) + textWidth(told.text);
  const gap: Part = { text: " ".repeat(Math.max(0, columns - used - 1)) };
  return fitted([...tabs.flatMap((tab) => [tab, { text: " " }]), gap, told], columns);
}

function rowsOf({ view, needs, agents, log }: TopState, columns: number): Part[][] {
  if (view === "needs") return needs.map(needRow);
  if (view === "agents") return agents.map((agent) => agentRow(agent, columns));
  return log.map(logRow);
}

function needRow(need: Need): Part[] {
  const { text, style: look } = kindOf(need);
  const preview = needPreview(need);
  return [
    { text: pad(text, 11), style: look },
    { text: ` ${pad(since(need.since), 4)} ` },
    { text: needSentence(need) },
    ...(preview === "" ? [] : [{ text: `: ${preview}`, style: "dim" as const }]),
  ];
}

function agentRow(agent: Agent, columns: number): Part[] {
  const name = Math.max(12, Math.min(28, Math.floor(columns / 4)));
  const waiting = agent.queued + agent.inHand + agent.held === 0 ? "" : waitingWords(agent);
  const reached = plainLine(reachedBy(agent));
  return [
    { text: `${pad(cut(plainLine(agent.name), name), name)} ` },
    { text: `${pad(cut(presenceWords(agent, times), 18), 18)} `, style: presenceStyle[agent.presence] },
    { text: plainLine(waiting), style: "yellow" },
    { text: `${waiting !== "" && reached !== "" ? "; " : ""}${reached}`, style: "dim" },
  ];
}

function logRow(entry: LogEntry): Part[] {
  const detailed = detailOf(entry);
  return [
    { text: `${clockTime(entry.at)} `, style: "dim" },
    { text: `${pad(plainLine(entry.event), 11)} `, style: eventStyle(entry.event) },
    { text: `${plainLine(entry.from.name)} → ${plainLine(entry.to.name)} #${entry.seq}` },
    ...(detailed === "" ? [] : [{ text: `  ${detailed}` }]),
    { text: `  ${quoted(entry.preview)}`, style: "dim" },
  ];
}

function rowLine(parts: readonly Part[], isChosen: boolean, columns: number): string {
  return fitted([{ text: isChosen ? "› " : "  ", ...(isChosen && { style: "bold" as const }) }, ...parts], columns);
}

/** Parts beside each other, cut where the line ends. */
function fitted(parts: readonly Part[], columns: number): string {
  let room = columns;
  return parts
    .map(({ text, style: look }) => {
      const shown = room <= 0 ? "" : cut(text, room);
      room -= textWidth(shown);
      return look === undefined ? shown : style(look, shown);
    })
    .join("");
}

function emptyWords({ view, heardAt }: TopState): string {
  if (heardAt === undefined) return "Looking…";
  if (view === "needs") return "Nothing waits for you.";
  return view === "agents" ? "No agent has joined." : "Nothing has happened yet.";
}

/** What is known of the chosen row: the commands that end a need, or what leads on. */
function detail(state: TopState, columns: number): string[] {
  const need = chosenNeed(state);
  const agent = chosenAgent(state);
  // What was refused stands above what was typed, which is there still.
  if (state.asking && state.said !== "")
    return [cut(state.said, columns), ...Array.from({ length: DETAIL - 1 }, () => "")];
  const commands = need
    ? need.remedies.map(({ command }) => plainLine(command, 600))
    : agent
      ? [`agentmesh agent show ${plainLine(agent.name)}`, `agentmesh inbox ${plainLine(agent.name)}`]
      : traceOf(state);
  const lines = commands.map((command) => cut(`  $ ${command}`, columns));
  return Array.from({ length: DETAIL }, (_, n) => style("dim", lines[n] ?? ""));
}

function traceOf(state: TopState): string[] {
  const entry = state.view === "log" ? state.log[chosenAt(state)] : undefined;
  return entry ? [`agentmesh trace ${entry.messageId}`] : [];
}

function bottom(state: TopState, columns: number): string {
  const { asking, said, me } = state;
  if (asking?.kind === "text") return cut(`${asking.label}: ${asking.text}▏ (Enter sends, Esc keeps)`, columns);
  if (asking) return cut(`${asking.label} [y]es, [n]o`, columns);
  if (said !== "") return cut(said, columns);
  const acts = isGone(state)
    ? "what was chosen is over"
    : keysFor(chosenNeed(state), me)
        .map(({ key, word }) => `${key} ${word}`)
        .join(" · ");
  return style("dim", cut(`${acts === "" ? "" : `${acts} · `}1 2 3 views · j k move · q quit`, columns));
}
