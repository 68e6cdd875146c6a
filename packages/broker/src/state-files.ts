/** Files of the state folder that the broker makes: the folder itself, where it runs, that it was stopped. */
import fs, {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { BrokerFile, refusalsOn, type Standpoint, shareLoopback, standpointOf } from "@agentmesh/protocol";
import { writeWhole } from "./whole-file.ts";

/** The state folder cannot be used; the message names the remedy. */
export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
}

/** What is said of refusals of this machine's system. */
export const refusals = refusalsOn({
  fs,
  get uid() {
    return process.geteuid?.();
  },
});

/** Makes the folder (0700) and checks that it can be written. @throws StateFolderError */
export function openFolder(path: string): void {
  if (!existsSync(path) && isWithoutPlace())
    throw new StateFolderError(
      `The state folder ${path} was removed while its broker was being started. It is not made anew; to have a new mesh there, start it again: agentmesh up`,
    );
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    if (process.platform !== "win32" && stat.uid === process.getuid?.() && (stat.mode & 0o077) !== 0)
      chmodSync(path, 0o700);
    const probe = join(path, ".probe");
    closeSync(openSync(probe, "w", 0o600));
    rmSync(probe, { force: true });
  } catch (error) {
    throw refusedBy(error, `The state folder ${path}`, "cannot be used", { ours: path });
  }
  for (const name of FILES) checkFile(join(path, name));
}

/** Whether the working directory is gone: whoever starts a broker in the background starts it in the state folder. */
function isWithoutPlace(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    return true;
  }
}

/**
 * What the broker opens in its life, partly through SQLite, which does not say why it cannot, and partly when it is too
 * late to refuse a start: the ballast, the announcement, the notes.
 */
const FILES = [
  ..."broker.lock broker.lock-journal mesh.db mesh.db-wal mesh.db-shm mesh.mark.json key".split(" "),
  ..."ballast broker.json port stopped addon.loading".split(" "),
];

function checkFile(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
    }
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const isMissing = codeOf(error) === "ENOENT" && !lstatSync(path, { throwIfNoEntry: false });
    if (!isMissing) throw refusedBy(error, path, "cannot be used", { path });
  }
}

/**
 * The error for a file of the state folder that the system refuses. `path` is the file where the system did not name
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

/** How often a broker looks whether its announcement is still there. */
const ANNOUNCED_EVERY_MS = 2_000;

/**
 * Says where the broker runs, again when that has changed or a cleaner of files took it away; the returned function takes it
 * back.
 */
export function announce(folder: string, running: () => Omit<BrokerFile, "standpoint">): () => void {
  const path = join(folder, "broker.json");
  const standpoint = ownStandpoint();
  const text = () => `${JSON.stringify({ ...running(), standpoint } satisfies BrokerFile, null, 2)}\n`;
  let said = text();
  writeWhole(path, said);
  const timer = setInterval(() => {
    const now = text();
    if (now === said && existsSync(path)) return;
    try {
      writeWhole(path, now);
      said = now;
    } catch {
      // a full disk, or a folder that is going away: looked at again
    }
  }, ANNOUNCED_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (readAnnounced(folder)?.startedAt === running().startedAt) rmSync(path, { force: true });
  };
}

/** The port that a broker of this folder took last, when it chose one. */
export function lastPort(folder: string): number | undefined {
  try {
    const port = Number(readFileSync(join(folder, "port"), "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the port for the next start: programs may have it written down. */
export function noteLastPort(folder: string, port: number): void {
  if (lastPort(folder) !== port) writeWhole(join(folder, "port"), `${port}\n`);
}

/** Why a broker does not start beside the one that holds the folder. */
export function alreadyServedText(folder: string): string {
  const running = readAnnounced(folder);
  const refusal = `A broker already serves ${folder}`;
  if (!running) return `${refusal}. It is just starting, or look for it with: agentmesh status`;
  const who = `pid ${running.pid}, ${running.url}`;
  if (running.standpoint && shareLoopback(ownStandpoint(), running.standpoint) === false) {
    return `${refusal}: ${who}, in another network namespace (host ${running.standpoint.hostname}), as of a container and its host. Two on one database would damage it. Run agentmesh status here: it says how to reach that one.`;
  }
  return `${refusal}: ${who}. Use that one, or stop it with: agentmesh down`;
}

/**
 * Notes that a person stopped the broker: sessions that live on do not start it again by themselves. Its age is what
 * counts, so that half of it is as good. False on a disk that does not take it: the broker stops all the same.
 */
export function noteStopped(folder: string): boolean {
  try {
    writeFileSync(join(folder, "stopped"), `${new Date().toISOString()}\n`, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

/** Takes that note back. */
export function forgetStopped(folder: string): void {
  rmSync(join(folder, "stopped"), { force: true });
}

function readAnnounced(folder: string): BrokerFile | undefined {
  try {
    return BrokerFile.safeParse(JSON.parse(readFileSync(join(folder, "broker.json"), "utf8"))).data;
  } catch {
    return undefined;
  }
}

function ownStandpoint(): Standpoint {
  return standpointOf({ hostname, readFile: (path) => readFileSync(path, "utf8"), readLink: readlinkSync });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** What is said where a disk does not keep what was written. */
export function unsyncedText(home: string, { message }: Error): string {
  return `The disk under ${home} failed to keep what was written (${message}). What was answered before is there; the broker stops before it answers more. Look at the disk, then start it again.`;
}
