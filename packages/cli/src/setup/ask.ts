/** The one question that is asked for each client. */
import { createInterface } from "node:readline/promises";

/** What a person answers. */
export type Answer = "yes" | "no" | "all" | "diff" | "quit";

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Asks until the answer is one; an end of input means `quit`. */
export async function ask(question: string): Promise<Answer> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<"quit">((resolve) => terminal.once("close", () => resolve("quit")));
  try {
    for (;;) {
      const said = await Promise.race([terminal.question(`${question} [Y]es, [n]o, [a]ll, [d]iff, [q]uit `), closed]);
      const answer = answers[said.trim().toLowerCase()];
      if (answer !== undefined) return answer;
    }
  } finally {
    terminal.close();
  }
}

const answers: Readonly<Record<string, Answer>> = {
  "": "yes",
  y: "yes",
  yes: "yes",
  n: "no",
  no: "no",
  a: "all",
  all: "all",
  d: "diff",
  diff: "diff",
  q: "quit",
  quit: "quit",
};
