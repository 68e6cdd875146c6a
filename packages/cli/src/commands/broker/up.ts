/** `agentmesh up`: a running broker, started in the background if need be. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BrokerAddress,
  ensureBroker,
  type FoundBroker,
  findBroker,
  type StateFolder,
  UntrustedBrokerError,
} from "@agentmesh/client/node";
import { type BrokerStatus, DEFAULT_PORT, VERSION } from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { since } from "../../terminal/clock.ts";
import { facts, jsonText, print, tell, warn } from "../../terminal/output.ts";
import { inFrame } from "../../terminal/waiting.ts";

const START_WITHIN_MS = 15_000;

/** Options of `up`. */
export interface UpOptions {
  readonly port?: number;
}

/** Finds the broker or starts it. @throws BrokerStartError, UntrustedBrokerError, CommandError */
export async function up(context: Context, options: UpOptions): Promise<void> {
  const { folder } = context;
  const address = await addressToUse(context, options.port);
  const { url, started } = await inFrame({
    json: context.json,
    what: () => `the broker at ${address.url}`,
    ms: START_WITHIN_MS,
    stands: () =>
      "A broker that was being started goes on by itself. Whether it runs: agentmesh status. Stop it: agentmesh down",
    call: (signal) =>
      ensureBroker({
        folder,
        address,
        brokerBin: fileURLToPath(import.meta.resolve("agentmesh-broker/bin")),
        byPerson: true,
        timeoutMs: START_WITHIN_MS,
        signal,
      }),
  });
  const status = await (await context.admin()).status();
  const intakeClosedWhy = status.storage.closedWhy;
  if (context.json) {
    const { version, pid, home, insteadOf } = status;
    return print(jsonText({ started, url, insteadOf, version, pid, home, logFile: folder.logFile, intakeClosedWhy }));
  }
  await tell(started ? `The broker is up at ${url}` : `A broker already runs at ${url}`);
  await print(
    facts([
      ...otherPort(status),
      ...(started && options.port !== undefined ? portOnce(options.port, status.home) : []),
      ...(status.remote ? remoteFacts(status.remote) : []),
      ["version", status.version],
      ["pid", `${status.pid}, up ${since(status.startedAt)}`],
      ["home", shortPath(status.home)],
      ...(started ? migratedFacts(status.storage) : []),
      ...(existsSync(folder.logFile) ? [["log", shortPath(folder.logFile)] as const] : []),
    ]),
  );
  if (intakeClosedWhy !== undefined) warn(`it accepts nothing new. ${intakeClosedWhy}`);
  warnOfOtherVersion(status);
}

function joinedElsewhere({ path }: StateFolder, { url }: BrokerAddress): CommandError {
  return new CommandError(
    "joined",
    `This machine has joined the mesh at ${url}: ${shortPath(path)} has no broker of its own, and none was started. Whether that broker answers: agentmesh status. To leave that mesh: agentmesh leave; for another one here: agentmesh up --home DIR`,
    "refused",
  );
}

/** Of several brokers of one mesh each is started and stopped for itself. */
export function whichOf(several: readonly BrokerAddress[], command: string): CommandError {
  const [first] = several;
  return usageError(
    `${first?.namedBy ?? "--url"} names ${several.length} brokers, and agentmesh ${command} is for one. Say which: agentmesh --url ${first?.url ?? "URL"} ${command}`,
  );
}

async function addressToUse(context: Context, port: number | undefined): Promise<BrokerAddress> {
  const address = context.address();
  if (address.joined) throw joinedElsewhere(context.folder, address);
  if (address.several) throw whichOf(address.several, "up");
  if (port === undefined) return address;
  if (context.url !== undefined) throw usageError("Say either --port or --url, not both.");
  const wanted = { url: `http://127.0.0.1:${port}`, local: true, namedBy: "--port" };
  if (address.url === wanted.url || !address.local || !(await ownAt(context.folder, address))) return wanted;
  throw new CommandError(
    "other_port",
    `The broker of ${context.folder.path} already runs at ${address.url}, not on port ${port}. To move it: agentmesh down, then agentmesh up --port ${port}`,
  );
}

/** The folder's broker at an address; whoever else has that is none of ours. */
async function ownAt(folder: StateFolder, address: BrokerAddress): Promise<FoundBroker | undefined> {
  try {
    return await findBroker(folder, address);
  } catch (error) {
    if (error instanceof UntrustedBrokerError) return undefined;
    throw error;
  }
}

/** What is said of a broker that brought its database to a newer schema when it started. */
export function migratedFacts({ migrated }: BrokerStatus["storage"]): readonly (readonly [string, string])[] {
  if (migrated === undefined) return [];
  const { from, to, backup } = migrated;
  const said = `was brought from schema ${from} to ${to} at this start`;
  if (backup === undefined) return [["database", said]];
  return [
    ["database", `${said}; as it was before: ${shortPath(backup)}`],
    ["", "to go back, put that copy in its place and install the version of before: docs/operations.md, Upgrade"],
  ];
}

/** What is said of a broker that took another port than the usual one. */
export function otherPort({ url, home, insteadOf }: BrokerStatus): readonly (readonly [string, string])[] {
  if (insteadOf === undefined) return [];
  const { port } = new URL(url);
  return [
    ["port", `${port} instead of ${insteadOf}, which another program had, such as another user's broker;`],
    ["", `every program that uses ${shortPath(home)} finds it`],
  ];
}

/** Where other machines reach the broker, and for how long its certificate is good. */
export function remoteFacts({ urls, endsAt }: NonNullable<BrokerStatus["remote"]>): (readonly [string, string])[] {
  const [first = "no address", ...more] = urls;
  return [
    ["remote", `${first} over TLS, certificate until ${endsAt.slice(0, 10)}`],
    ...more.map((url) => ["", url] as const),
  ];
}

/** A port behind `--port` is for one start; what keeps it. */
function portOnce(port: number, home: string): readonly (readonly [string, string])[] {
  return [
    ["port", `${port} for this start alone; a later one takes ${DEFAULT_PORT}, or the one that the broker chose last.`],
    ["", `To keep it: { "port": ${port} } in ${shortPath(join(home, "config.json"))}`],
  ];
}

/** Warns when broker and command line are of different versions. */
export function warnOfOtherVersion({ version }: Pick<BrokerStatus, "version">): void {
  const said = skewText(version, VERSION);
  if (said !== undefined) warn(said);
}

/** Which of the two is old, and what brings it up to date; undefined when they are of one version. */
export function skewText(broker: string, own: string): string | undefined {
  if (broker === own) return undefined;
  return isOlder(broker, own)
    ? `the broker is version ${broker}, older than this command line (${own}). Bring it up to date: agentmesh down && agentmesh up`
    : `this command line is version ${own}, older than the broker (${broker}). Update the command line and leave the broker running: it was started by a newer one.`;
}

/** By the numbers of the two versions; what comes before a release is older than it. */
function isOlder(a: string, b: string): boolean {
  const [numbersA, numbersB] = [a, b].map((each) => (each.split(/[-+]/)[0] ?? "").split(".").map(Number));
  for (const place of [0, 1, 2]) {
    const difference = (numbersA?.[place] ?? 0) - (numbersB?.[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  if (a.includes("-") !== b.includes("-")) return a.includes("-");
  return a.localeCompare(b, "en", { numeric: true }) < 0;
}
