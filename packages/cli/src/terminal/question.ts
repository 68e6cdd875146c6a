/** Questions to a person at the terminal. */
import { createInterface } from "node:readline/promises";
import { plainLine } from "@agentmesh/protocol";
import { CommandError } from "../command-error.ts";
import { columnsOf, sentence } from "./output.ts";
import { textWidth } from "./text-width.ts";

/** Whether somebody sees what is asked, and what it is about, and can answer. */
export function canAsk(about: NodeJS.WriteStream = process.stderr): boolean {
  return [process.stdin, process.stderr, about].every(({ isTTY }) => isTTY === true);
}

/**
 * Asks on stderr until the answer is one of the words or its first letter. Enter means `enter`, an end of input `end`.
 * @throws CommandError for Ctrl-C
 */
export async function ask<const Word extends string>(
  question: string,
  words: readonly Word[],
  { enter, end }: { readonly enter: Word; readonly end: Word },
): Promise<Word> {
  const choices = words.map(
    (word) => `[${word === enter ? word.charAt(0).toUpperCase() : word.charAt(0)}]${word.slice(1)}`,
  );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const over = new Promise<{ readonly by: "Ctrl-C" | "end" }>((resolve) => {
    terminal.once("SIGINT", () => resolve({ by: "Ctrl-C" }));
    terminal.once("close", () => resolve({ by: "end" }));
  });
  try {
    for (;;) {
      const typed = terminal.question(inLines(question, choices.join(", "))).then((text) => text.trim().toLowerCase());
      const said = await Promise.race([typed, over]);
      if (typeof said !== "string") {
        process.stderr.write("\n"); // the line of the question is open still
        if (said.by === "end") return end;
        throw new CommandError("interrupted", "Ended at the question: nothing more was done.", "interrupted");
      }
      if (said === "") return enter;
      const word = words.find((each) => said === each || said === each.charAt(0));
      if (word !== undefined) return word;
      const asTyped = plainLine(said, 40);
      process.stderr.write(
        `${sentence(`"${asTyped}" is none of the answers: ${words.join(", ")}.`, "  ", process.stderr)}\n`,
      );
    }
  } finally {
    terminal.close();
  }
}

/** Columns for what is typed behind a question. */
const ANSWER = 6;

/** The question with what may be answered: in a line of its own where both and an answer have no room in one. */
function inLines(question: string, choices: string): string {
  const line = `${question} ${choices} `;
  if (textWidth(line) + ANSWER <= columnsOf(process.stderr)) return line;
  return `${sentence(question, "  ", process.stderr)}\n  ${choices} `;
}

/** Asks for a yes; Enter and an end of input are a no. @throws CommandError for Ctrl-C */
export async function confirmed(question: string): Promise<boolean> {
  return (await ask(question, ["yes", "no"], { enter: "no", end: "no" })) === "yes";
}
