/** Finds the broker, or starts one that outlives its starter. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { brokerExits, systemRefusal } from "@agentmesh/protocol";
import { pause } from "../backoff.ts";
import type { BrokerPlace } from "../connections/places.ts";
import { BrokerUnreachableError } from "../errors.ts";
import { servedElsewhere } from "./absence.ts";
import { type BrokerAddress, type FoundBroker, findBroker, requireBroker } from "./addresses/locate.ts";
import { FileLock } from "./file-lock.ts";
import { refusalSentences } from "./refusal-sentences.ts";
import { announced, isServed } from "./running-broker.ts";
import { brokerEnvironment } from "./spawn-environment.ts";
import { BrokerStartError, type EarlyEnd, isCrash, LastWords } from "./start-failure.ts";
import { makeStateFolder, refusedBy, type StateFolder, wasStopped } from "./state-folder.ts";

/** How often a broker that crashed is started again: at the third start it leaves out an addon that it died over. */
const MOST_CRASHES = 2;

/** What to start when no broker answers. */
export interface EnsureBrokerOptions {
  readonly folder: StateFolder;
  readonly address: BrokerAddress;
  /** Path of the broker's program (`agentmesh-broker`'s `./bin`). */
  readonly brokerBin: string;
  /** Starts it even when a person stopped it since this process began: a person asks for it now. */
  readonly byPerson?: boolean;
  /** How long to wait for it, in milliseconds. Default 15,000. */
  readonly timeoutMs?: number;
  /** Ends the looking and the waiting: nothing is started any more, and what was started goes on by itself. */
  readonly signal?: AbortSignal;
  /** Where one on another machine was lost just now. */
  readonly lost?: BrokerPlace | undefined;
}

/** How long a broker has from its lock to its announcement before it is asked why it does not answer. */
const ANNOUNCES_WITHIN_MS = 3_000;

/**
 * The broker at the address, started when it is local and nobody answers. Of many callers one starts it. Where nobody
 * named the address, the broker takes a free port, and is found by what it writes into the folder.
 * @throws UntrustedBrokerError, BrokerStartError, BrokerUnreachableError (not local, in another network), StateFolderError; the signal's reason
 */
export async function ensureBroker(options: EnsureBrokerOptions): Promise<FoundBroker & { readonly started: boolean }> {
  const { folder, address, timeoutMs = 15_000, signal, lost } = options;
  // One on another machine is not started from here, nor one of several.
  if (!address.local) return { ...(await requireBroker(folder, address, signal, lost)), started: false };
  const look = lookout(options);
  const found = await findBroker(folder, address, signal);
  if (found) return { ...found, started: false };
  if (!options.byPerson && wasStopped(folder)) {
    throw new BrokerUnreachableError(
      `The broker at ${address.url} was stopped on purpose. Start it again with: agentmesh up`,
    );
  }
  makeStateFolder(folder);
  const deadline = performance.now() + timeoutMs;
  const lastWords = new LastWords(folder.logFile);
  for (;;) {
    const lock = FileLock.tryTake(folder.startLock);
    try {
      const now = await look();
      if (now) return { ...now, started: false };
      if (lock) return { ...(await start(options, look, deadline)), started: true };
    } finally {
      lock?.release();
    }
    if (performance.now() > deadline) throw lastWords.missing(address.url);
    await rest(50, signal);
  }
}

/** Looks for the broker again: where it was named, or where an announcement says it is that is newer than this lookout. */
function lookout({ folder, address, signal }: EnsureBrokerOptions): Look {
  if (!address.unnamed) return () => findBroker(folder, address, signal);
  // Whoever announced this address is asked once: a stranger on its old port is not waited for again and again.
  const before = announced(folder);
  return async () => {
    const running = announced(folder);
    const asked = running?.url === address.url && running.startedAt === before?.startedAt;
    if (!running || asked) return undefined;
    return findBroker(folder, { url: running.url, local: true, unnamed: true }, signal);
  };
}

/** A pause that nothing comes after once the signal is aborted. */
async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(ms, signal);
  signal?.throwIfAborted();
}

type Look = () => Promise<FoundBroker | undefined>;

async function start(options: EnsureBrokerOptions, look: Look, deadline: number): Promise<FoundBroker> {
  const elsewhere = servedElsewhere(options.folder);
  if (elsewhere) throw elsewhere;
  if (isServed(options.folder)) return announcing(options, look, deadline);
  for (let crashes = 0; ; crashes++) {
    const started = await startOnce(options, look, deadline);
    if (!("end" in started)) return started;
    if (started.end.code === brokerExits.alreadyRunning.code) return announcing(options, look, deadline);
    if (!isCrash(started.end) || crashes === MOST_CRASHES) throw started.failure;
  }
}

interface Failed {
  readonly end: EarlyEnd;
  readonly failure: BrokerStartError;
}

async function startOnce(options: EnsureBrokerOptions, look: Look, deadline: number): Promise<FoundBroker | Failed> {
  const { folder, address } = options;
  options.signal?.throwIfAborted();
  const log = openLog(folder);
  const lastWords = new LastWords(folder.logFile);
  let child: ChildProcess;
  try {
    child = spawnBroker(options, log);
  } catch (error) {
    throw notStarted(error);
  } finally {
    closeSync(log);
  }
  child.unref();
  let end: EarlyEnd | undefined;
  let refused: unknown;
  child.once("exit", (code, signal) => {
    end = { code, signal };
  });
  child.once("error", (error) => {
    refused = error;
  });
  for (;;) {
    const found = await look();
    if (found) return found;
    if (refused !== undefined) throw notStarted(refused);
    if (end) return { end, failure: lastWords.failed(address.url, end) };
    if (performance.now() > deadline) throw lastWords.missing(address.url);
    await rest(30, options.signal);
  }
}

/** The log, to write at its end; the broker that gets it keeps it within its bounds. @throws StateFolderError */
function openLog({ logFile }: StateFolder): number {
  try {
    return openSync(logFile, "a", 0o600);
  } catch (error) {
    throw refusedBy(error, `The broker's log ${logFile}`, "cannot be written", { path: logFile });
  }
}

/** The broker that another starter made, which announces itself in a moment; else the error says who holds the folder. */
async function announcing(
  { folder, address, signal }: EnsureBrokerOptions,
  look: Look,
  deadline: number,
): Promise<FoundBroker> {
  const patience = Math.min(deadline, performance.now() + ANNOUNCES_WITHIN_MS);
  while (performance.now() < patience) {
    const found = await look();
    if (found) return found;
    await rest(30, signal);
  }
  const place = address.unnamed ? { ...address, url: announced(folder)?.url ?? address.url } : address;
  return requireBroker(folder, place, signal);
}

function spawnBroker({ folder, address, brokerBin }: EnsureBrokerOptions, log: number): ChildProcess {
  const { hostname, port } = new URL(address.url);
  const place = ["--host", hostname.replace(/^\[|\]$/g, ""), "--port", port || "80"];
  return spawn(
    nodeProgram(),
    [
      ...(brokerBin.endsWith(".ts") ? ["--conditions=@agentmesh/source"] : []),
      brokerBin,
      // Where nobody named it, the broker's own settings decide.
      ...(address.unnamed ? [] : place),
    ],
    {
      detached: true,
      windowsHide: true,
      stdio: ["ignore", log, log],
      env: { ...brokerEnvironment(process.env), AGENTMESH_HOME: folder.path, AGENTMESH_LOG_FORMAT: "json" },
      cwd: folder.path,
    },
  );
}

function notStarted(error: unknown): BrokerStartError {
  const refusal = systemRefusal(error);
  const program = nodeProgram();
  const why =
    refusal?.code !== "ENOENT"
      ? refusal
        ? refusalSentences(refusal, { about: `The broker's program ${program}`, denied: "cannot be started" })
        : String(error)
      : program === "node"
        ? NO_NODE
        : `The Node that runs this program, ${program}, is gone: it was updated or removed. Start this program again, and agentmesh setup if its configuration names that file.`;
  return new BrokerStartError(why, { cause: error });
}

const NO_NODE = "The broker runs under Node 22.18 or newer, and no program `node` is on the PATH of this one.";

/** The Node that runs this process; where another runtime does, such as Bun in OpenCode, the one on the PATH. */
function nodeProgram(): string {
  return "bun" in process.versions || "electron" in process.versions ? "node" : process.execPath;
}
