/** Finds the broker, or starts one that outlives its starter. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { pause } from "../backoff.ts";
import { BrokerUnreachableError } from "../errors.ts";
import { FileLock } from "./file-lock.ts";
import { type BrokerAddress, type FoundBroker, findBroker } from "./locate.ts";
import { makeStateFolder, type StateFolder, wasStopped } from "./state-folder.ts";

/** The log is put aside at a start when it is larger, in bytes. */
const MOST_LOG_BYTES = 16 * 1_048_576;

/** The broker was started and did not come up; the message holds the last line of its log. */
export class BrokerStartError extends Error {
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
  for (;;) {
    const lock = FileLock.tryTake(folder.startLock);
    try {
      const now = await findBroker(folder, address);
      if (now) return { ...now, started: false };
      if (lock) return { ...(await start(options, deadline)), started: true };
    } finally {
      lock?.release();
    }
    if (performance.now() > deadline)
      throw new BrokerStartError(`No broker came up at ${address.url}. ${lastWords(folder)}`);
    await pause(50);
  }
}

async function start(options: EnsureBrokerOptions, deadline: number): Promise<FoundBroker> {
  const { folder, address, brokerBin } = options;
  const { hostname, port } = new URL(address.url);
  const log = openLog(folder);
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
      env: { ...ownEnvironment(), AGENTMESH_HOME: folder.path, AGENTMESH_LOG_FORMAT: "json" },
      cwd: folder.path,
    },
  );
  closeSync(log);
  child.unref();
  let over: string | undefined;
  child.once("exit", (code, signal) => {
    over = `It ended with ${code === null ? signal : `exit code ${code}`}.`;
  });
  child.once("error", (error) => {
    over = "code" in error && error.code === "ENOENT" ? NO_NODE : error.message;
  });
  for (;;) {
    const found = await findBroker(folder, address);
    if (found) return found;
    if (over !== undefined || performance.now() > deadline) {
      throw new BrokerStartError(
        `The broker did not come up at ${address.url}. ${over ?? "It is still starting."} ${lastWords(folder)}`,
      );
    }
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

/** The environment without what belongs to the session that starts the broker: its secrets must not outlive it there. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(CLAUDE(?!_PEERS_)|CODEX_|OPENCODE_|GEMINI_|ANTHROPIC_|OPENAI_|AGENTMESH_(NAME|PUSH|URL)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function lastWords(folder: StateFolder): string {
  let line = "";
  try {
    const lines = readFileSync(folder.logFile, "utf8").trimEnd().split("\n");
    line = lines.findLast((each) => /Error|"detail"/.test(each)) ?? lines.at(-1) ?? "";
  } catch {
    // no log yet: the path below is all there is to say
  }
  return `Its log is ${folder.logFile}${line === "" ? "" : `; it says: ${line.slice(0, 300)}`}`;
}
