/** What setup or uninstall finds on this machine and would do, before anybody is asked and anything is written. */
import { userHome } from "@agentmesh/client/node";
import type { Context } from "../context.ts";
import type { AdapterCommand } from "./adapter-command.ts";
import { type ChosenClient, chooseClients } from "./choose.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import { type Part, SERVER } from "./config/config-file.ts";
import { connectionOf } from "./connection.ts";
import type { ConfigureOptions } from "./options.ts";
import { type ClientPlan, planClient, type Verb } from "./plan.ts";

/** A client with what is to become of its files. */
export interface Planned extends ChosenClient {
  readonly plan: ClientPlan;
}

/** Whether something of ours stands in a client's configuration, by setup or by hand. */
export function isConfigured({ plan }: Planned): boolean {
  const standing = ["same", "updated", "by hand"];
  return plan.aside !== undefined || partsOf(plan).some((part) => standing.includes(part.standing));
}

/** Whether a client starts our adapter as an MCP server; one that has a plugin in its place does not. */
export function startsServer({ plan }: Planned): boolean {
  return plan.aside !== undefined || partsOf(plan).some(({ what }) => what === SERVER);
}

/** Whether a client has more of ours than a server: hooks, a plugin or an extension, by which its sessions are pushed to. */
export function isPushedTo({ plan }: Planned): boolean {
  return plan.aside !== undefined || partsOf(plan).some(({ what }) => what !== SERVER);
}

function partsOf({ files }: ClientPlan): readonly Part[] {
  return files.flatMap(({ edition }) => edition.parts);
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
