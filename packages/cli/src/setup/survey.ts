/** What setup or uninstall finds on this machine and would do, before anybody is asked and anything is written. */
import { userHome } from "@agentmesh/client/node";
import type { Context } from "../context.ts";
import type { AdapterCommand } from "./adapter-command.ts";
import { type ChosenClient, chooseClients } from "./choose.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import { connectionOf } from "./connection.ts";
import type { ConfigureOptions } from "./options.ts";
import { type ClientPlan, planClient, type Verb } from "./plan.ts";

/** A client with what is to become of its files. */
export interface Planned extends ChosenClient {
  readonly plan: ClientPlan;
}

/** Everything that was found. */
export interface Survey {
  readonly at: Surroundings;
  readonly to: Connection;
  readonly adapter: AdapterCommand;
  readonly planned: readonly Planned[];
}

/** Where a run is, for the person's own configuration or the project's. @throws StateFolderError for a user without a home */
export function surroundingsOf(env: NodeJS.ProcessEnv, shared: boolean): Surroundings {
  return { env, platform: process.platform, home: userHome(env), project: shared ? process.cwd() : undefined };
}

/** Looks at the clients that are meant; touches nothing. @throws CommandError for what cannot be meant */
export async function survey(
  context: Pick<Context, "folder" | "url">,
  verb: Verb,
  options: ConfigureOptions,
  at: Surroundings,
): Promise<Survey> {
  const { client, command: given, project: shared = false, replace = false, allowTools = false } = options;
  const { env, platform, home } = at;
  const stateFolder = context.folder.path;
  const { to, adapter } = connectionOf({
    env,
    platform,
    home,
    stateFolder,
    url: context.url,
    given,
    allowTools,
    shared,
  });
  const chosen = await chooseClients(at, client, verb === "uninstall");
  return {
    at,
    to,
    adapter,
    planned: chosen.map((one) => ({ ...one, plan: planClient(one, { at, verb, to, replace }) })),
  };
}
