/** The command line of a run as a person would type it again, for remedies that keep the options given. */
import { stateFolderPath } from "@agentmesh/client/node";
import type { Context } from "../context.ts";
import { shellWord } from "../terminal/shell-word.ts";
import type { ConfigureOptions } from "./options.ts";
import type { Verb } from "./plan.ts";

/** `agentmesh setup` with the options that say what is written where; `client` stands for those that were named. */
export function asTyped(
  { env, folder, url }: Pick<Context, "env" | "folder" | "url">,
  verb: Verb,
  options: ConfigureOptions,
  client?: string,
): string {
  const { client: named = [], project, replace, command, allowTools } = options;
  const words = [
    ...(client === undefined ? named : [client]).flatMap((name) => ["--client", name]),
    ...(project ? ["--project"] : []),
    ...(replace ? ["--replace"] : []),
    ...(allowTools ? ["--allow-tools"] : []),
    ...(command === undefined ? [] : ["--command", command]),
    ...(url === undefined ? [] : ["--url", url]),
    ...(folder.path === usual(env) ? [] : ["--home", folder.path]),
  ];
  return ["agentmesh", verb, ...words.map((word) => shellWord(word, process.platform))].join(" ");
}

/** The state folder without `--home`; none where the environment names it in no usable way. */
function usual(env: NodeJS.ProcessEnv): string | undefined {
  try {
    return stateFolderPath(env);
  } catch {
    return undefined;
  }
}
