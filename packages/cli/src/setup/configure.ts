/** One run of setup or uninstall over the clients: find, plan, show or ask, write, report. */
import { CommandEnd, CommandError, usageError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { jsonText, print, tell } from "../terminal/output.ts";
import { ask, canAsk } from "../terminal/question.ts";
import { asTyped } from "./as-typed.ts";
import { noClientFound } from "./choose.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import type { ConfigFile } from "./config/config-file.ts";
import { ConfigRefusal } from "./config/refusal.ts";
import { isLocalPath } from "./connection.ts";
import { diffText } from "./diff.ts";
import type { ConfigureOptions } from "./options.ts";
import { actAsOwnerOf, refuseOutOfReach } from "./person.ts";
import { type ClientPlan, carryOut, changes, type FilePlan, type Verb, withoutServer } from "./plan.ts";
import { remarksOf } from "./remarks.ts";
import {
  type ClientReport,
  type FileReport,
  fileRows,
  headline,
  isIncomplete,
  pathWidth,
  reportLines,
} from "./report.ts";
import { reportJson } from "./report-json.ts";
import { type Planned, surroundingsOf, survey } from "./survey.ts";

export type { ConfigureOptions } from "./options.ts";

/** How a run went. */
export interface Configured {
  /** Files that were written. */
  readonly written: number;
  /** What a person should know beside what was said of each client. */
  readonly remarks: readonly string[];
  /** Ends the command. @throws CommandError, CommandEnd */
  end(): void;
}

interface Run {
  readonly verb: Verb;
  readonly at: Surroundings;
  readonly to: Connection;
  readonly replace: boolean;
  readonly shared: boolean;
  /** This run for one client, as a person would type it again. */
  again(client: string): string;
}

/** Runs it. @throws CommandError, StateFolderError for a user without a home */
export async function configure(context: Context, verb: Verb, options: ConfigureOptions): Promise<Configured> {
  const { env, json } = context;
  const { dryRun = false, yes = false, project: shared = false, replace = false } = options;
  if (options.exitCode && !dryRun)
    throw usageError("--exit-code goes with --dry-run: it says by exit code 6 that a file would change.");
  const at = surroundingsOf(env, shared);
  const forAnother = actAsOwnerOf(at.project ?? at.home, env);
  const { to, adapter, planned: found } = await survey(context, verb, options, at);
  if (forAnother && verb === "setup" && options.command === undefined)
    refuseOutOfReach([to.command, ...to.args].filter(isLocalPath));
  const run: Run = {
    verb,
    at,
    to,
    replace,
    shared,
    again: (client) => asTyped(context, verb, options, client),
  };

  if (found.length === 0 && verb === "setup") throw noClientFound();
  const planned = found.filter(({ plan }) => verb === "setup" || options.client !== undefined || isConcerned(plan));
  const changing = planned.flatMap(({ plan }) => plan.files.filter(changes)).length;
  if (changing > 0 && !dryRun && !yes && (json || !canAsk(process.stdout)))
    throw nobodyToAsk(verb, asTyped(context, verb, options));

  const reports: ClientReport[] = [];
  let asking = !yes;
  for (const one of planned) {
    if (!json) await print(headline(one));
    const consent = dryRun ? "no" : await consentTo(one, run, asking);
    if (consent === "quit") break;
    if (consent === "all") asking = false;
    const told = consent === "no" ? reportOf(one, !dryRun) : write(one, run);
    const report = { ...told, shutOut: verb === "setup" ? (one.client.shutOut?.(at, to) ?? []) : [] };
    reports.push(report);
    const diffs = dryRun ? one.plan.files.filter(changes).map(diffOf) : [];
    if (!json) await print([...reportLines(report, run), ...diffs, ""].join("\n"));
  }
  const written = reports.flatMap(({ files }) =>
    files.flatMap(({ plan, outcome }) => (outcome ? [plan.file.path] : [])),
  );
  const remarks = verb === "setup" ? remarksOf({ at, to, adapter, shared, written }) : [];
  if (json) await print(jsonText({ ...reportJson(reports, { ...run, dryRun }), remarks }));
  else if (planned.length === 0) await tell("Nothing of agentmesh is in the configuration of any client.");
  else if (dryRun)
    await tell(changing === 0 ? "Nothing would change." : `Nothing was written. Files that would change: ${changing}`);

  return {
    written: written.length,
    remarks,
    end() {
      const left = reports.filter(({ files }) => files.some(isIncomplete)).map(({ client }) => client.title);
      if (left.length > 0) {
        throw new CommandError("incomplete", `Not all could be done for ${left.join(", ")}: the lines above say why.`);
      }
      if (dryRun && options.exitCode && changing > 0) throw new CommandEnd("wouldChange");
    },
  };
}

const ENTER_GOES_ON = { enter: "yes", end: "quit" } as const;

/** Asks whether a client's files may be written; shows them first. */
async function consentTo({ client, plan }: Planned, run: Run, asking: boolean): Promise<"yes" | "no" | "quit" | "all"> {
  const files = plan.files.filter(changes);
  if (!asking || files.length === 0) return "yes";
  await print(files.flatMap((plan) => fileRows({ plan }, run.again(client.name), pathWidth(files))).join("\n"));
  for (;;) {
    const answer = await ask(`  Go on with ${client.title}?`, ["yes", "no", "all", "diff", "quit"], ENTER_GOES_ON);
    if (answer !== "diff") return answer;
    await print(files.map(diffOf).join("\n"));
  }
}

function write(one: Planned, run: Run): ClientReport {
  let broken: ConfigFile | undefined;
  const files = one.plan.files.map((plan): FileReport => {
    if (!changes(plan)) return { plan };
    if (broken !== undefined && run.verb === "setup") return { plan, failed: withoutServer(broken) };
    try {
      return { plan, outcome: carryOut(plan, run) };
    } catch (error) {
      if (!(error instanceof ConfigRefusal)) throw error;
      broken ??= plan.file;
      return { plan, failed: error.message };
    }
  });
  return { ...reportOf(one, false), files };
}

function reportOf({ client, found, plan }: Planned, declined: boolean): ClientReport {
  return {
    client,
    found,
    files: plan.files.map((file) => ({ plan: file })),
    ...(plan.aside !== undefined && { aside: plan.aside }),
    ...(declined && { declined }),
  };
}

function isConcerned({ files }: ClientPlan): boolean {
  return files.some(
    (file) =>
      file.refused !== undefined || changes(file) || file.edition.parts.some(({ standing }) => standing === "by hand"),
  );
}

function nobodyToAsk(verb: Verb, typed: string): CommandError {
  return usageError(
    `agentmesh ${verb} asks before it writes, and nobody can answer here. Look first: ${typed} --dry-run. Then: ${typed} --yes`,
  );
}

function diffOf({ file, from, edition }: FilePlan): string {
  return diffText(file, from, edition.text);
}
