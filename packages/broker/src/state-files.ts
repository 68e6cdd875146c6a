/** Files of the state folder that the broker makes: the folder itself, the mesh key, where it runs. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** The state folder cannot be used; the message names the remedy. */
export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
}

/** What a running broker tells its clients: pid and version for people, url for programs. */
export interface RunningBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
}

/** Makes the folder (0700) and checks that it can be written. @throws StateFolderError */
export function openFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    if (process.platform !== "win32" && stat.uid === process.getuid?.() && (stat.mode & 0o077) !== 0)
      chmodSync(path, 0o700);
    const probe = join(path, `.probe-${process.pid}`);
    closeSync(openSync(probe, "w", 0o600));
    rmSync(probe);
  } catch (error) {
    throw new StateFolderError(
      `The state folder ${path} cannot be written (${codeOf(error)}). Make it writable, or choose another with AGENTMESH_HOME or --home.`,
    );
  }
}

/** The mesh key, made at the first start (0600). @throws StateFolderError when others can read it */
export function meshKey(folder: string): string {
  const path = join(folder, "key");
  const made = `amk_${randomBytes(32).toString("base64url")}`;
  try {
    writeNew(path, `${made}\n`);
    return made;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw new StateFolderError(`${path} cannot be written (${codeOf(error)}).`);
  }
  const stat = lstatSync(path);
  if (process.platform !== "win32" && (!stat.isFile() || (stat.mode & 0o077) !== 0)) {
    throw new StateFolderError(`${path} can be read by other users. Run: chmod 600 ${path}`);
  }
  const key = readFileSync(path, "utf8").trim();
  if (!/^amk_[\w-]{43}$/.test(key)) {
    throw new StateFolderError(`${path} does not hold a mesh key. Move it away: the broker makes a new one.`);
  }
  return key;
}

/** Says where the broker runs. */
export function announce(folder: string, running: RunningBroker): void {
  const path = join(folder, "broker.json");
  rmSync(`${path}.draft`, { force: true });
  writeNew(`${path}.draft`, `${JSON.stringify(running, null, 2)}\n`);
  renameSync(`${path}.draft`, path);
}

/** Takes the announcement back, if it is this process's. */
export function withdraw(folder: string): void {
  if (readRunning(folder)?.pid === process.pid) rmSync(join(folder, "broker.json"), { force: true });
}

/** Notes that a person stopped the broker: sessions that live on do not start it again by themselves. */
export function noteStopped(folder: string): void {
  writeFileSync(join(folder, "stopped"), `${new Date().toISOString()}\n`, { mode: 0o600 });
}

/** Takes that note back. */
export function forgetStopped(folder: string): void {
  rmSync(join(folder, "stopped"), { force: true });
}

/** The announcement of the broker that runs, or ran. */
export function readRunning(folder: string): { readonly url?: unknown; readonly pid?: unknown } | undefined {
  try {
    const running: unknown = JSON.parse(readFileSync(join(folder, "broker.json"), "utf8"));
    return typeof running === "object" && running !== null ? running : undefined;
  } catch {
    return undefined;
  }
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
