/** `agentmesh uninstall`: takes out of the clients' configuration what `agentmesh setup` wrote. */

import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { type ConfigureOptions, configure } from "../../setup/configure.ts";
import { remark } from "../../terminal/output.ts";

/** Takes it out. @throws CommandError when a file had to be left alone, CommandEnd for a dry run with changes */
export async function uninstall(context: Context, options: ConfigureOptions): Promise<void> {
  const done = await configure(context, "uninstall", options);
  if (!context.json && done.written > 0) {
    remark(`Agents and messages stay in ${shortPath(context.folder.path)}; a broker that runs goes on: agentmesh down`);
  }
  done.end();
}
