/** What is said once at the end of a run of setup: what was left out, and where what was written is not for here alone. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { shortPath } from "../describe.ts";
import type { AdapterCommand } from "./adapter-command.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import { targetOf } from "./config/disk.ts";
import { isLocalPath } from "./connection.ts";

/** What the remarks rest on. */
export interface RemarkTerms {
  readonly at: Surroundings;
  readonly to: Connection;
  readonly adapter: AdapterCommand;
  readonly shared: boolean;
  /** Files that were written. */
  readonly written: readonly string[];
}

/** The sentences, none where nothing was written. */
export function remarksOf(terms: RemarkTerms): string[] {
  const { at, adapter, shared, written } = terms;
  if (written.length === 0) return [];
  return [
    ...(adapter.hookless === undefined ? [] : [`Hooks were left out: ${adapter.hookless}.`]),
    ...(shared ? ofShared(terms) : written.flatMap(inRepository)),
    ...bySudo(at),
  ];
}

function ofShared({ to }: RemarkTerms): string[] {
  const local = [to.command, ...to.args].filter(isLocalPath);
  return [
    ...(local.length === 0
      ? []
      : [`These files are shared, and --command names what may be on this machine only: ${local.join(", ")}.`]),
    ...(to.leftOut.length === 0
      ? []
      : [
          `These files are shared, so what this machine has for ${to.leftOut.join(", ")} is not in them. Whoever wants another mesh than ~/.agentmesh sets it in the environment that the client is started in.`,
        ]),
    "Each developer has the hooks, and what is for one machine, from: agentmesh setup (without --project).",
  ];
}

/** Configuration that is kept in a repository, as people keep their dotfiles, comes to other machines too. */
function inRepository(file: string): string[] {
  const target = targetOf(file);
  for (let folder = dirname(target); dirname(folder) !== folder; folder = dirname(folder)) {
    if (!existsSync(join(folder, ".git"))) continue;
    return [
      `${shortPath(file)} is kept in the git repository ${shortPath(folder)}, and what was written names paths of this machine. Run agentmesh setup on each machine, or have none in it: agentmesh setup --command "npx -y agentmesh-mcp"`,
    ];
  }
  return [];
}

/** By sudo, the home directory is root's or the person's, as the system has it. */
function bySudo({ env, home, project }: Surroundings): string[] {
  if (project !== undefined || process.geteuid?.() !== 0 || !env.SUDO_USER || env.SUDO_USER === "root") return [];
  return [
    `This is the configuration of root, in ${home}. For that of ${env.SUDO_USER}: agentmesh setup without sudo. To take this out again: sudo agentmesh uninstall`,
  ];
}
