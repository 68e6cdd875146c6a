/** Finds the broker, or starts one that outlives its starter. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { systemRefusal, systemSentences } from "@agentmesh/protocol";
import { pause } from "../backoff.ts";
import { BrokerUnreachableError, Hindrance } from "../errors.ts";
import { servedElsewhere } from "./absence.ts";
import { lastWords, openLog } from "./broker-log.ts";
import { FileLock } from "./file-lock.ts";
import { type BrokerAddress, type FoundBroker, findBroker, requireBroker } from "./locate.ts";
import { announced, isServed } from "./running-broker.ts";
import { makeStateFolder, type StateFolder, wasStopped } from "./state-folder.ts";

/** The broker was started and did not come up; the message holds what it said last. */
export class BrokerStartError extends Hindrance {
  override readonly name = "BrokerStartError";
}

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

/** Another broker took the folder first. */
const ALREADY_RUNNING = 3;

/** How long a broker has from its lock to its announcement before it is asked why it does not answer. */
const ANNOUNCES_WITHIN_MS = 3_000;

/** Exit codes of a broker whose start fails again until somebody does something; docs/operations.md explains each. */
const LASTING: ReadonlySet<number> = new Set([2, 4, 5, 74, 77, 78]);

/**
 * The broker at the address, started when it is local and nobody answers. Of many callers one starts it. Where nobody
 * named the address, the broker takes a free port, and is found by what it writes into the folder.
 * @throws UntrustedBrokerError, BrokerStartError, BrokerUnreachableError (not local, in another network), StateFolderError
 */
export async function ensureBroker(options: EnsureBrokerOptions): Promise<FoundBroker & { readonly started: boolean }> {
  const { folder, address, timeoutMs = 15_000 } = options;
  const look = lookout(folder, address);
  const found = await findBroker(folder, address);
  if (found) return { ...found, started: false };
  if (!address.local) {
    throw new BrokerUnreachableError(
      `No broker answers at ${address.url}, and only a local one is started by itself.`,
      { passes: true },
    );
  }
  if (!options.byPerson && wasStopped(folder)) {
    throw new BrokerUnreachableError(
      `The broker at ${address.url} was stopped on purpose. Start it again with: npx agentmesh up`,
    );
  }
  makeStateFolder(folder);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lock = FileLock.tryTake(folder.startLock);
    try {
      const now = await look();
      if (now) return { ...now, started: false };
      if (lock) return { ...(await start(options, look, deadline)), started: true };
    } finally {
      lock?.release();
    }
    if (performance.now() > deadline) {
      throw new BrokerStartError(`No broker came up for ${folder.path}. ${lastWords(folder, 0)}`, { passes: true });
    }
    await pause(50);
  }
}

/** Looks for the broker again: where it was named, or where an announcement says it is that is newer than this lookout. */
function lookout(folder: StateFolder, address: BrokerAddress): () => Promise<FoundBroker | undefined> {
  if (!address.unnamed) return () => findBroker(folder, address);
  // Whoever announced this address is asked once: a stranger on its old port is not waited for again and again.
  const before = announced(folder);
  return async () => {
    const running = announced(folder);
    const asked = running?.url === address.url && running.startedAt === before?.startedAt;
    if (!running || asked) return undefined;
    return findBroker(folder, { url: running.url, local: true, unnamed: true });
  };
}

async function start(
  options: EnsureBrokerOptions,
  look: () => Promise<FoundBroker | undefined>,
  deadline: number,
): Promise<FoundBroker> {
  const { folder } = options;
  const elsewhere = servedElsewhere(folder);
  if (elsewhere) throw elsewhere;
  if (isServed(folder)) return announcing(options, look, deadline);
  const log = openLog(folder);
  let child: ChildProcess;
  try {
    child = spawnBroker(options, log.file);
  } catch (error) {
    throw notStarted(error);
  } finally {
    closeSync(log.file);
  }
  child.unref();
  let over: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  let refused: unknown;
  child.once("exit", (code, signal) => {
    over = { code, signal };
  });
  child.once("error", (error) => {
    refused = error;
  });
  for (;;) {
    const found = await look();
    if (found) return found;
    if (refused !== undefined) throw notStarted(refused);
    if (over?.code === ALREADY_RUNNING) return announcing(options, look, deadline);
    if (over || performance.now() > deadline) {
      const end =
        over === undefined ? "It is still starting." : `It ended with ${over.signal ?? `exit code ${over.code}`}.`;
      throw new BrokerStartError(`The broker did not come up. ${end} ${lastWords(folder, log.from)}`, {
        passes: !LASTING.has(over?.code ?? 0),
      });
    }
    await pause(30);
  }
}

/** The broker that another starter made, which announces itself in a moment; else the error says who holds the folder. */
async function announcing(
  { folder, address }: EnsureBrokerOptions,
  look: () => Promise<FoundBroker | undefined>,
  deadline: number,
): Promise<FoundBroker> {
  const patience = Math.min(deadline, performance.now() + ANNOUNCES_WITHIN_MS);
  while (performance.now() < patience) {
    const found = await look();
    if (found) return found;
    await pause(30);
  }
  return requireBroker(folder, address.unnamed ? { ...address, url: announced(folder)?.url ?? address.url } : address);
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
      env: { ...ownEnvironment(), AGENTMESH_HOME: folder.path, AGENTMESH_LOG_FORMAT: "json" },
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
        ? systemSentences(refusal, { about: `The broker's program ${program}`, denied: "cannot be started" })
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

/** The environment without what belongs to the session that starts the broker: its secrets must not outlive it there. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(CLAUDE(?!_PEERS_)|CODEX_|OPENCODE_|GEMINI_|ANTHROPIC_|OPENAI_|AGENTMESH_(NAME|PUSH|URL)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
