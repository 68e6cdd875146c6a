/** The state folder: key, database, logs and identities of one mesh on this machine. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { homeFolder, PathSettingError, pathSetting, stateFolderSetting } from "@agentmesh/protocol";
import { Hindrance } from "../errors.ts";
import { refusals } from "./refusal-sentences.ts";

/** The state folder cannot be used; the message names it and the remedy. */
export class StateFolderError extends Hindrance {
  override readonly name = "StateFolderError";
}

/** Paths in a state folder. */
export interface StateFolder {
  readonly path: string;
  /** The mesh key: registers agents, administers. */
  readonly keyFile: string;
  /** Where a running broker says its address. */
  readonly brokerFile: string;
  /** Log of a broker that was started in the background. */
  readonly logFile: string;
  /** Tokens of the agents of this machine in the mesh that it is in now: those of a mesh that it joined are kept apart. */
  readonly agents: string;
  /** Held while a broker is being started. */
  readonly startLock: string;
  /** Held by a broker for as long as it serves the folder. */
  readonly brokerLock: string;
  /** The port that the broker took last, when it chose one itself. */
  readonly portFile: string;
  /** There since a person stopped the broker; its age says when. */
  readonly stoppedFile: string;
  /** The mesh of another machine that this one has joined, with its credential. */
  readonly joinedFile: string;
  /** Addresses that the broker of that mesh has told since. */
  readonly addressesFile: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Path of the state folder: `AGENTMESH_HOME`, or beside `CLAUDE_PEERS_DB`, or `~/.agentmesh`. @throws StateFolderError */
export function stateFolderPath(env: Environment = process.env): string {
  return whole(() => stateFolderSetting(env, systemHome));
}

/** A path that a person typed as `setting`; a relative one starts from the working directory. @throws StateFolderError */
export function typedPath(said: string, setting: string, env: Environment = process.env): string {
  return whole(() => pathSetting(said, { setting, env, systemHome, from: "." }));
}

/** The user's home folder. @throws StateFolderError for a user who has none */
export function userHome(env: Environment = process.env): string {
  return whole(() => homeFolder({ env, systemHome }));
}

const systemHome = () => userInfo().homedir;

function whole(path: () => string): string {
  try {
    return resolve(path());
  } catch (error) {
    if (error instanceof PathSettingError) throw new StateFolderError(error.message, { cause: error });
    throw error;
  }
}

/** The state folder's paths; makes nothing. @throws StateFolderError when the environment names it in no usable way */
export function openStateFolder(path = stateFolderPath()): StateFolder {
  return {
    path,
    keyFile: join(path, "key"),
    brokerFile: join(path, "broker.json"),
    logFile: join(path, "broker.log"),
    get agents() {
      return agentsIn(path);
    },
    startLock: join(path, "start.lock"),
    brokerLock: join(path, "broker.lock"),
    portFile: join(path, "port"),
    stoppedFile: join(path, "stopped"),
    joinedFile: join(path, "joined.json"),
    addressesFile: join(path, "addresses.json"),
  };
}

/** No broker is shown the tokens of another one's agents; a machine that joins again begins with new ones. */
function agentsIn(path: string): string {
  const machine = /"machine": *"(mch_[0-9a-f]{32})"/.exec(readIfThere(join(path, "joined.json")) ?? "")?.[1];
  return machine === undefined ? join(path, "agents") : join(path, "joined", machine);
}

/** Makes the state folder (0700) where it is missing. @throws StateFolderError */
export function makeStateFolder({ path, agents }: StateFolder): void {
  try {
    mkdirSync(agents, { recursive: true, mode: 0o700 });
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    throw refusedBy(error, `The state folder ${path}`, "cannot be used", { ours: path });
  }
}

/**
 * The error for a file of the state folder that the operating system refuses. `path` is the file where the system did not name
 * it, `ours` the state folder where that is not the folder of the file.
 */
export function refusedBy(
  error: unknown,
  about: string,
  denied: string,
  of: { readonly path?: string; readonly ours?: string } = {},
): StateFolderError {
  const { said, cause } = refusals.ofFile(error, { about, denied, ...of });
  return new StateFolderError(said, { cause });
}

/** Whether a person stopped the broker (`agentmesh down`, Ctrl-C) after this process had begun. */
export function wasStopped(folder: StateFolder): boolean {
  const stopped = statSync(folder.stoppedFile, { throwIfNoEntry: false });
  return stopped !== undefined && stopped.mtimeMs > performance.timeOrigin;
}

/** The mesh key, if a broker has made one. */
export function readMeshKey(folder: StateFolder): string | undefined {
  return readIfThere(folder.keyFile)?.trim();
}

/** Text of a file, or undefined when it does not exist. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw refusedBy(error, path, "cannot be read", { path });
  }
}

/** Writes a new file whole (0600, on disk before it is visible); returns the text that won. @throws StateFolderError */
export function writeOnce(path: string, text: string): string {
  const draft = draftOf(path, text);
  try {
    linkSync(draft, path);
    return text;
  } catch (error) {
    const winner = codeOf(error) === "EEXIST" ? readIfThere(path) : undefined;
    if (winner !== undefined) return winner;
    throw notWritten(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Writes a file whole (0600, on disk before it is visible), over one that is there. @throws StateFolderError */
export function replaceFile(path: string, text: string): void {
  const draft = draftOf(path, text);
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw notWritten(path, error);
  }
}

function draftOf(path: string, text: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    const file = openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return draft;
  } catch (error) {
    rmSync(draft, { force: true });
    throw notWritten(path, error);
  }
}

/** How long after its last write a draft is taken for one that its process will not finish, in milliseconds. */
const ABANDONED_MS = 60_000;

/** Takes away a draft whose process ended before it was put in its place; leaves any other file alone. */
export function forgetDraft(path: string): void {
  if (!/\.json\.\d+\.[0-9a-f]{8}$/.test(path)) return;
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (written !== undefined && Date.now() - written > ABANDONED_MS) rmSync(path, { force: true });
}

function notWritten(path: string, error: unknown): StateFolderError {
  return refusedBy(error, path, "cannot be written", { path });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
