/** What `pnpm start` writes to the terminal: sentences in lines that fit it, and what is to be typed as one line. */
import { styleText } from "node:util";
import { wrapped } from "../wrapped.ts";

/** A line that begins a part. */
export function heading(text: string): void {
  console.log(`\n${styleText("bold", inLines(text, ""))}`);
}

/** An indented sentence. */
export function line(text = ""): void {
  console.log(text === "" ? "" : `  ${inLines(text, "  ")}`);
}

/** Something to type or to copy: a terminal may fold it, we do not. */
export function typed(text: string): void {
  console.log(`    ${text}`);
}

const WHO = 12;
const WHAT = 56;
const TIME = 7;

/** One hop of the conversation: who, what, how long. */
export function hop(who: string, what: string, ms?: number): void {
  const time = ms === undefined ? "" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const name = styleText("cyan", who.padEnd(WHO));
  const fits = columns() >= 2 + WHO + 1 + WHAT + 1 + TIME;
  console.log(
    fits
      ? `  ${name} ${what.padEnd(WHAT)} ${styleText("green", time.padStart(TIME))}`
      : `  ${name} ${inLines(`${what} ${time}`.trim(), " ".repeat(2 + WHO + 1))}`,
  );
}

/** The text in lines that fit behind `by`, which begins the further ones. */
function inLines(text: string, by: string): string {
  return wrapped(text, columns() - by.length).join(`\n${by}`);
}

function columns(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY;
}
