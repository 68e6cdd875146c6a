/** The command line of a run as a person would type it again, for remedies that keep the options given. */
import type { Context } from "../context.ts";
import { commandLine } from "../terminal/shell-word.ts";
import type { ConfigureOptions } from "./options.ts";
import type { Verb } from "./plan.ts";

/** `agentmesh setup` with the options that say what is written where; `client` stands for those that were named. */
export function asTyped(
  context: Pick<Context, "meshWords">,
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
    ...context.meshWords(),
  ];
  return commandLine(["agentmesh", verb, ...words]);
}
