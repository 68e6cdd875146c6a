/** What a person is told of each client: what was found, what became of which file, how to see that it works. */
import { plainLine, plainText } from "@agentmesh/protocol";
import { shortPath } from "../describe.ts";
import { type Style, sentence, style, terminalWidth } from "../terminal/output.ts";
import { wrapped } from "../terminal/text-width.ts";
import type { ChosenClient } from "./choose.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import type { ShutOut } from "./clients/shut-out.ts";
import { changedStandings, type Part, type Standing } from "./config/config-file.ts";
import { type FilePlan, isBarred, type Outcome, type Verb } from "./plan.ts";

/** What became of one file. */
export interface FileReport {
  readonly plan: FilePlan;
  readonly outcome?: Outcome;
  /** Why it was not written in the end. */
  readonly failed?: string;
}

/** Everything about one client. */
export interface ClientReport extends ChosenClient {
  readonly files: readonly FileReport[];
  readonly aside?: string;
  /** Settings that keep out what is written; they are left as they are. */
  readonly shutOut?: readonly ShutOut[];
  /** A person said no. */
  readonly declined?: boolean;
}

/** What the report speaks of. */
export interface ReportTerms {
  readonly verb: Verb;
  readonly at: Surroundings;
  readonly to: Connection;
  /** This run for one client, as a person would type it again. */
  again(client: string): string;
}

const LABEL = 9;

const labels: readonly (readonly [standing: Standing, label: string, style: Style])[] = [
  ["added", "wrote", "green"],
  ["updated", "updated", "green"],
  ["replaced", "replaced", "yellow"],
  ["removed", "removed", "green"],
  ["same", "there", "dim"],
  ["by hand", "yours", "cyan"],
  ["foreign", "not set", "red"],
];

/** The same before it is done. */
const intents: Readonly<Record<string, string>> = {
  wrote: "write",
  updated: "update",
  replaced: "replace",
  removed: "remove",
};

/** The client's name and version, and where it was found. */
export function headline({ client, found }: ChosenClient): string {
  const version = found?.version === undefined ? "" : ` ${plainLine(found.version, 40)}`;
  const where =
    found?.program ??
    (found?.trace === undefined
      ? "not found on this machine"
      : `no program on PATH, but ${shortPath(found.trace)} is there`);
  const head = `${client.title}${version}`;
  const said = sentence(`${head}  ${shortPath(plainLine(where, 400))}`, "  ");
  return (
    style("bold", client.title) + said.slice(client.title.length, head.length) + style("dim", said.slice(head.length))
  );
}

/** Whether something of a file was not set. */
export function isIncomplete({ plan, failed }: FileReport): boolean {
  return failed !== undefined || isBarred(plan);
}

/** The lines below it. */
export function reportLines(report: ClientReport, { verb, at, to, again }: ReportTerms): string[] {
  const { client, files } = report;
  if (report.aside !== undefined) return [row("there", "dim", report.aside)];
  const width = pathWidth(files.map(({ plan }) => plan));
  const lines = files.flatMap((file) => fileRows(file, again(client.name), width));
  if (report.declined) return [row("skipped", "yellow", "nothing was written")];
  for (const { plan, outcome } of files) {
    if (outcome?.backup !== undefined) {
      const why = outcome.backupOf === undefined ? "" : `  ${outcome.backupOf}`;
      lines.push(row("backup", "dim", shortPath(outcome.backup) + why));
    }
    if (!outcome?.restored) continue;
    const path = shortPath(plan.file.path).padEnd(width);
    lines.push(row("restored", "dim", `${path}  byte for byte as it was before; its backup is gone`));
  }
  const changed = files.some(({ outcome }) => outcome !== undefined);
  const notes = files.flatMap(({ plan }) => plan.edition.notes);
  if (verb === "setup" && files.length > 0) {
    const after = client.afterwards?.(at, to) ?? [];
    if (changed) lines.push(row("check", "dim", client.check), row("restart", "dim", client.restart));
    lines.push(...[...notes, ...(changed ? after : [])].map((note) => row("note", "yellow", note)));
    for (const { file, key, says } of report.shutOut ?? []) {
      lines.push(row("shut out", "red", `${shortPath(file)}  ${plainLine(key, 200)}: ${says}`));
    }
  } else if (changed) {
    lines.push(row("restart", "dim", client.restart));
  }
  const manual = verb === "setup" ? client.byHand?.(at, to) : undefined;
  if (manual !== undefined) {
    lines.push(row("by hand", "yellow", `nothing was written. Put this into ${shortPath(manual.file)}:`));
    lines.push(
      ...manual.lines.map((line) => plainText(`${" ".repeat(LABEL + 4)}${line}`)),
      row("check", "dim", client.check),
    );
  } else if (files.length === 0) {
    lines.push(row("none", "dim", at.project === undefined ? "nothing to do" : "it has no configuration of a project"));
  }
  return lines;
}

/** Columns that the longest path of some files takes. */
export function pathWidth(files: readonly FilePlan[]): number {
  return Math.max(0, ...files.map(({ file }) => shortPath(file.path).length));
}

/** What would be or was done to a file, a row for each way; `again` is the run for this client as it is typed. */
export function fileRows({ plan, outcome, failed }: FileReport, again: string, width: number): string[] {
  const path = shortPath(plan.file.path).padEnd(width);
  const refused = failed ?? plan.refused;
  if (refused !== undefined) return [row("refused", "red", `${path}  ${refused}`)];
  const { edition } = plan;
  const rows: string[] = [];
  for (const [standing, label, colour] of labels) {
    const parts = edition.parts.filter((part) => part.standing === standing);
    if (parts.length === 0) continue;
    const intent = changedStandings.has(standing) && outcome === undefined;
    const gone = outcome?.emptied
      ? "; the file is a mount of its own and cannot go, so it is empty now"
      : "; the file, as it held nothing else";
    const whole = standing === "removed" && edition.text === undefined ? gone : "";
    const said = `${path}  ${partWords(parts)}${aside(standing, parts, again)}${whole}`;
    rows.push(intent ? row(intents[label] ?? label, "cyan", said) : row(label, colour, said));
  }
  return rows;
}

/** `MCP server agentmesh, hooks SessionStart, Stop`. */
export function partWords(parts: readonly Part[]): string {
  const hooks = parts.flatMap(({ what }) => (what.startsWith("hook ") ? [what.slice("hook ".length)] : []));
  const others = parts.flatMap(({ what }) => (what.startsWith("hook ") ? [] : [what]));
  return [...others, ...(hooks.length > 0 ? [`hooks ${hooks.join(", ")}`] : [])].join(", ");
}

function aside(standing: Standing, parts: readonly Part[], again: string): string {
  const found = plainLine([...new Set(parts.flatMap(({ found }) => found ?? []))].join(", "), 300);
  if (standing === "by hand") {
    const hooks = parts.some(({ what }) => what.startsWith("hook "));
    return `: ${found} (${hooks ? "your own hooks are left as they are" : "left as it is"})`;
  }
  if (standing === "replaced") return `, in place of ${found}`;
  if (standing === "updated" && found !== "") return `: ${found} is no more`;
  if (standing !== "foreign") return "";
  return `: another one has that name: ${found}. To replace it: ${again} --replace`;
}

function row(label: string, colour: Style, text: string): string {
  const by = " ".repeat(LABEL + 4);
  const lines = plainText(text)
    .split("\n")
    .flatMap((line) => wrapped(line, terminalWidth() - by.length));
  return `  ${style(colour, label.padEnd(LABEL))}  ${lines.join(`\n${by}`)}`;
}
