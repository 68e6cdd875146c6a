/** What `pnpm start` writes to the terminal. */
import { styleText } from "node:util";

/** A line that begins a part. */
export function heading(text: string): void {
  console.log(`\n${styleText("bold", text)}`);
}

/** An indented line. */
export function line(text = ""): void {
  console.log(text === "" ? "" : `  ${text}`);
}

/** One hop of the conversation: who, what, how long. */
export function hop(who: string, what: string, ms?: number): void {
  const time = ms === undefined ? "" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  console.log(`  ${styleText("cyan", who.padEnd(12))} ${what.padEnd(56)} ${styleText("green", time.padStart(7))}`);
}
