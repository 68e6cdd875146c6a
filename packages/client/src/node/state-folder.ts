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
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { homeFolder, PathSettingError, pathSetting, stateFolderSetting } from "@agentmesh/protocol";

/** The state folder cannot be used; the message names it and the remedy. */
export class StateFolderError extends Error {
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
  /** Tokens of the agents of this machine. */
  readonly agents: string;
  /** Held while a broker is being started. */
  readonly startLock: string;
  /** There since a person stopped the broker; its age says when. */
  readonly stoppedFile: string;
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
    agents: join(path, "agents"),
    startLock: join(path, "start.lock"),
    stoppedFile: join(path, "stopped"),
  };
}

/** Makes the state folder (0700) where it is missing. @throws StateFolderError */
export function makeStateFolder({ path, agents }: StateFolder): void {
  try {
    mkdirSync(agents, { recursive: true, mode: 0o700 });
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    throw new StateFolderError(
      `The state folder ${path} cannot be written (${codeOf(error)}). Make it writable, or set AGENTMESH_HOME to a folder that is.`,
      { cause: error },
    );
  }
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
    throw new StateFolderError(
      `${path} cannot be read (${codeOf(error)}). Make it readable, or set AGENTMESH_HOME to another folder.`,
      { cause: error },
    );
  }
}

/** Writes a new file whole (0600, on disk before it is visible); returns the text that won. @throws StateFolderError */
export function writeOnce(path: string, text: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    const file = openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, path);
    return text;
  } catch (error) {
    const winner = codeOf(error) === "EEXIST" ? readIfThere(path) : undefined;
    if (winner !== undefined) return winner;
    throw new StateFolderError(
      `${path} cannot be written (${codeOf(error)}). Make its folder writable, or set AGENTMESH_HOME to one that is.`,
      { cause: error },
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
