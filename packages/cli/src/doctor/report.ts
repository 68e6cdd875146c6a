/** What a person is told: a line for each thing that was looked at, and the way out below it. */
import { plainLine } from "@agentmesh/protocol";
import { inLocalTime } from "../terminal/clock.ts";
import { type Style, style, terminalWidth } from "../terminal/output.ts";
import { counted } from "../terminal/sizes.ts";
import { pad, textWidth, wrapped } from "../terminal/text-width.ts";
import type { Examined, Finding, Mended, Verdict } from "./check.ts";

const labels: Readonly<Record<Verdict, readonly [label: string, style: Style]>> = {
  ok: ["ok", "green"],
  warning: ["warning", "yellow"],
  fault: ["fault", "red"],
  skipped: ["-", "dim"],
};

const LABEL = 7;

/** The findings as lines that fit the terminal. */
export function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ verdict, about, says, remedy }) => {
    const [label, colour] = labels[verdict];
    const head = `${about}: `;
    const by = " ".repeat(LABEL + 2);
    const room = terminalWidth() - by.length;
    const [first = "", ...rest] = wrapped(plainLine(inLocalTime(head + says), 2_000), room);
    const way = remedy === undefined ? [] : remedyLines(remedy, room);
    const bold = style("bold", first.slice(0, head.length - 1)) + first.slice(head.length - 1);
    return [`${style(colour, pad(label, LABEL))}  ${bold}`, ...[...rest, ...way].map((line) => by + line)];
  });
}

/** A command stays in one line, so that it can be copied. */
function remedyLines(remedy: string, room: number): string[] {
  const said = `→ ${plainLine(remedy, 1_000)}`;
  return textWidth(said) > room && !/^(?:agentmesh|rm|chmod|sudo) /.test(remedy) ? wrapped(said, room) : [said];
}

/** What `--fix` did. */
export function mendedLines(mended: readonly Mended[]): string[] {
  return mended.map(({ did, failed }) => {
    const [label, colour]: readonly [string, Style] = failed === undefined ? ["fixed", "green"] : ["not", "red"];
    const said = failed === undefined ? did : `not done: ${did}: ${failed}`;
    const lines = wrapped(plainLine(said, 1_000), terminalWidth() - LABEL - 2);
    return `${style(colour, pad(label, LABEL))}  ${lines.join(`\n${" ".repeat(LABEL + 2)}`)}`;
  });
}

/** The last line. */
export function summary({ findings, mendable }: Examined, wasFixed: boolean): string {
  const count = (verdict: Verdict) => findings.filter((each) => each.verdict === verdict).length;
  const [faults, warnings, unseen] = [count("fault"), count("warning"), count("skipped")];
  const wrong = [
    ...(faults === 0 ? [] : [counted(faults, "fault")]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ];
  const said = wrong.length === 0 ? "Nothing is the matter." : `${wrong.join(", ")}.`;
  const rest = unseen === 0 ? "" : ` Not looked at: ${unseen}.`;
  const fix = mendable === 0 || wasFixed ? "" : ` Mended by agentmesh doctor --fix: ${mendable}.`;
  return said + rest + fix;
}
