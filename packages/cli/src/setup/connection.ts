/** What every client is told: the adapter's command, its environment, and the command of its hooks. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "@agentmesh/protocol";
import { shellWord } from "../terminal/shell-word.ts";
import { type AdapterCommand, adapterCommand, originOf } from "./adapter-command.ts";
import type { Connection, PluggedClient } from "./clients/client.ts";
import { HOOK_MARK, MARK } from "./config/mark.ts";

/** What the connection rests on. */
export interface ConnectionTerms {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The person's home directory. */
  readonly home: string;
  /** State folder that the commands of this command line use. */
  readonly stateFolder: string;
  /** `--url`. */
  readonly url: string | undefined;
  /** `--command`. */
  readonly given: string | undefined;
  readonly shared: boolean;
  readonly allowTools: boolean;
}

/** The connection, and the command it rests on. @throws CommandError */
export function connectionOf(terms: ConnectionTerms): { readonly to: Connection; readonly adapter: AdapterCommand } {
  const { env, platform, stateFolder, given, shared } = terms;
  const entry = fileURLToPath(import.meta.resolve("agentmesh-mcp/bin"));
  const adapter = adapterCommand({
    adapter: entry,
    execPath: process.execPath,
    versions: process.versions,
    env,
    platform,
    shared,
    ...(given !== undefined && { given }),
  });
  const [command = "", ...args] = adapter.words;
  const elsewhere = stateFolder !== join(terms.home, ".agentmesh");
  const url = terms.url ?? env.AGENTMESH_URL;
  const ofThisMachine = {
    ...(elsewhere && { AGENTMESH_HOME: stateFolder }),
    ...(url && { AGENTMESH_URL: url }),
    ...(env.AGENTMESH_PORT && { AGENTMESH_PORT: env.AGENTMESH_PORT }),
  };
  const home = elsewhere ? ` --home ${quoted(stateFolder, platform)}` : "";
  return {
    adapter,
    to: {
      command,
      args,
      env: { [MARK]: "1", ...(!shared && ofThisMachine) },
      leftOut: shared ? Object.keys(ofThisMachine) : [],
      hookCommand: (kind) =>
        adapter.hook === undefined ? undefined : `${adapter.hook} hook ${kind} ${HOOK_MARK}${home}`,
      allowTools: terms.allowTools,
      plugin: (client) => ({
        published: `${client}-agentmesh@${VERSION}`,
        built: shared ? undefined : builtPlugin(client, entry),
      }),
    },
  };
}

/** Whether a word of a command means something on one machine only. */
export function isLocalPath(word: string): boolean {
  return /^(?:[\w-]+=)?(?:~|\/|[A-Za-z]:[\\/]|\\\\)/.test(word);
}

/** What the build of a clone of the repository has made, where this command line is one's. */
function builtPlugin(client: PluggedClient, adapter: string): string | undefined {
  const built = adapter.replace(/[\\/]mcp[\\/](src|dist)[\\/]main\.[jt]s$/, `/${client}/dist/index.js`);
  return originOf(adapter) === "checkout" && built !== adapter && existsSync(built) ? built : undefined;
}

function quoted(path: string, platform: NodeJS.Platform): string {
  const word = shellWord(path, platform);
  return word.startsWith('"') ? word : `"${word}"`;
}
