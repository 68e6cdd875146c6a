/** A yes or no of a person at the terminal. */
import { createInterface } from "node:readline/promises";

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on stderr; no is the answer to Enter, and to an end of input. */
export async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("no")));
  try {
    const said = await Promise.race([terminal.question(`${question} [y]es, [N]o `), closed]);
    return ["y", "yes"].includes(said.trim().toLowerCase());
  } finally {
    terminal.close();
  }
}
