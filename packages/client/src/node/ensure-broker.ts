/** Finds the broker, or starts one that outlives its starter. */
import { spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import { pause } from "../backoff.ts";
import { BrokerUnreachableError } from "../errors.ts";
import { FileLock } from "./file-lock.ts";
import { type BrokerAddress, type FoundBroker, findBroker } from "./locate.ts";
import { brokerEnvironment } from "./spawn-environment.ts";
import { BrokerStartError, type EarlyEnd, isCrash, LastWords } from "./start-failure.ts";
import { makeStateFolder, type StateFolder, wasStopped } from "./state-folder.ts";

/** The log is put aside at a start when it is larger, in bytes. */
const MOST_LOG_BYTES = 16 * 1_048_576;

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
}

/**
 * The broker at the address, started when it is local and nobody answers. Of many callers one starts it.
 * @throws UntrustedBrokerError, BrokerStartError, BrokerUnreachableError (not local)
 */
export async function ensureBroker(options: EnsureBrokerOptions): Promise<FoundBroker & { readonly started: boolean }> {
  const { folder, address, timeoutMs = 15_000 } = options;
  const found = await findBroker(folder, address);
  if (found) return { ...found, started: false };
  if (!address.local) {
    throw new BrokerUnreachableError(`No broker answers at ${address.url}, and only a local one is started by itself.`);
  }
  if (!options.byPerson && wasStopped(folder)) {
    throw new BrokerUnreachableError(
      `The broker at ${address.url} was stopped on purpose. Start it again with: npx agentmesh up`,
    );
  }
  makeStateFolder(folder);
  const deadline = performance.now() + timeoutMs;
  const lastWords = new LastWords(folder.logFile);
  for (;;) {
    const lock = FileLock.tryTake(folder.startLock);
    try {
      const now = await findBroker(folder, address);
      if (now) return { ...now, started: false };
      if (lock) return { ...(await start(options, deadline)), started: true };
    } finally {
      lock?.release();
    }
    if (performance.now() > deadline) throw lastWords.missing(address.url);
    await pause(50);
  }
}

async function start(options: EnsureBrokerOptions, deadline: number): Promise<FoundBroker> {
  for (let crashes = 0; ; crashes++) {
    const started = await startOnce(options, deadline);
    if (!("end" in started)) return started;
    if (!isCrash(started.end) || crashes === MOST_CRASHES) throw started.failure;
  }
}

interface Failed {
  readonly end: EarlyEnd;
  readonly failure: BrokerStartError;
}

async function startOnce(options: EnsureBrokerOptions, deadline: number): Promise<FoundBroker | Failed> {
  const { folder, address, brokerBin } = options;
  const { hostname, port } = new URL(address.url);
  const log = openLog(folder);
  const lastWords = new LastWords(folder.logFile);
  const child = spawn(
    nodeProgram(),
    [
      ...(brokerBin.endsWith(".ts") ? ["--conditions=@agentmesh/source"] : []),
      brokerBin,
      "--host",
      hostname.replace(/^\[|\]$/g, ""),
      "--port",
      port || "80",
    ],
    {
      detached: true,
      windowsHide: true,
      stdio: ["ignore", log, log],
      env: { ...brokerEnvironment(process.env), AGENTMESH_HOME: folder.path, AGENTMESH_LOG_FORMAT: "json" },
      cwd: folder.path,
    },
  );
  closeSync(log);
  child.unref();
  let end: EarlyEnd | undefined;
  let notStarted: BrokerStartError | undefined;
  child.once("exit", (code, signal) => {
    end = { code, signal };
  });
  child.once("error", (error) => {
    const noNode = "code" in error && error.code === "ENOENT";
    notStarted = new BrokerStartError(noNode ? NO_NODE : error.message, { passes: !noNode });
  });
  for (;;) {
    const found = await findBroker(folder, address);
    if (found) return found;
    if (notStarted) throw notStarted;
    if (end) return { end, failure: lastWords.failed(address.url, end) };
    if (performance.now() > deadline) throw lastWords.missing(address.url);
    await pause(30);
  }
}

/** A log of this size is put aside, in place of the one put aside before; no broker writes to it now. */
function openLog({ logFile }: StateFolder): number {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > MOST_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  return openSync(logFile, "a", 0o600);
}

const NO_NODE = "The broker runs under Node 22.18 or newer, and no program `node` is on the PATH of this one.";

/** The Node that runs this process; where another runtime does, such as Bun in OpenCode, the one on the PATH. */
function nodeProgram(): string {
  return "bun" in process.versions || "electron" in process.versions ? "node" : process.execPath;
}
