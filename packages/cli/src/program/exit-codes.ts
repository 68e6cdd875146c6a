/** `agentmesh help exit-codes`, and the same as a command: the table of exit codes. */
import type { Command } from "commander";
import { exitRows } from "../exit-codes.ts";
import { jsonText, print, terminalWidth } from "../terminal/output.ts";
import { wrapped } from "../terminal/text-width.ts";
import { contextOf } from "./parts.ts";

/** Declares it; it stands in no list of commands. */
export function exitCodesCommand(program: Command): void {
  program
    .command("exit-codes", { hidden: true })
    .description("What the exit codes of agentmesh say, and whether running the same command again may help.")
    .addHelpText("after", () => `\n${exitCodesText()}`)
    .action(async (_, command) =>
      print((await contextOf(command)).json ? jsonText({ exitCodes: exitRows }) : exitCodesText()),
    );
}

/** The table as people read it. */
function exitCodesText(): string {
  const width = Math.min(100, terminalWidth()) - 5;
  return exitRows
    .map(({ code, meaning, again }) =>
      wrapped(`${meaning}. Again: ${again}.`, width)
        .map((line, index) => `${index === 0 ? String(code).padStart(3) : "   "}  ${line}`)
        .join("\n"),
    )
    .join("\n");
}
