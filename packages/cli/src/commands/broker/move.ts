/** `agentmesh move`: the mesh of this state folder to another database, or back. The broker's program does it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { CommandError, usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { print } from "../../terminal/output.ts";

/** Options of `move`. */
export interface MoveOptions {
  readonly to?: string;
  readonly from?: string;
  readonly databasePasswordFile?: string;
}

/** Moves it, and prints what was moved. @throws CommandError saying why nothing was */
export async function move({ folder, json }: Context, { to, from, databasePasswordFile }: MoveOptions): Promise<void> {
  if (to === undefined)
    throw usageError("Say where to: --to sqlite, --to sqlite:FOLDER or --to postgres://USER@HOST/DATABASE");
  const program = fileURLToPath(import.meta.resolve("agentmesh-broker/bin"));
  const args = ["move", "--home", folder.path, "--to", to, ...(from === undefined ? [] : ["--from", from])];
  if (databasePasswordFile !== undefined) args.push("--database-password-file", databasePasswordFile);
  if (json) args.push("--json");
  // A broker that runs from the sources is found as this program is.
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const [code] = await once(child, "close");
  if (code !== 0) {
    const lines = said.stderr
      .split("\n")
      .filter((line) => line !== "" && !/Warning: SQLite|--trace-warnings/.test(line));
    throw new CommandError(
      "not_moved",
      lines.join("\n").replace(/^agentmesh-broker: /, "") || `the move ended with ${code}`,
      "refused",
    );
  }
  await print(said.stdout.trimEnd());
}
