/** `agentmesh setup`: writes agentmesh into the configuration of the clients of this machine. */
import type { Context } from "../../context.ts";
import { type ConfigureOptions, configure } from "../../setup/configure.ts";
import { remark } from "../../terminal/output.ts";

/** Sets clients up. @throws CommandError when a file had to be left alone, CommandEnd for a dry run with changes */
export async function setup(context: Context, options: ConfigureOptions): Promise<void> {
  const done = await configure(context, "setup", options);
  if (context.json || done.written === 0) return done.end();
  for (const sentence of done.remarks) remark(sentence);
  const undo = `agentmesh uninstall${options.project ? " --project" : ""}`;
  remark(`Start a session and ask it: who is on agentmesh? From here: agentmesh agents. To undo it all: ${undo}`);
  done.end();
}
