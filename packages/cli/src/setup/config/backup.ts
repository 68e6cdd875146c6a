/** What stands beside a configuration file: copies of what a person had, and a note of what carries no mark of ours. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onDisk } from "./disk.ts";
import { putWhole } from "./in-place.ts";

const BACKUP = ".agentmesh-backup-";
const KEPT = ".kept";
const NOTE = ".agentmesh-setup";

/** Copies a file beside itself, for its owner only; returns the copy's path. @throws ConfigRefusal */
export function backUp(path: string, text: string, now = new Date()): string {
  const copy = `${path}${BACKUP}${now.toISOString().replace(/[-:]/g, "")}`;
  onDisk("backed up", path, () => putWhole(copy, text, 0o600));
  return copy;
}

/** The copies of a file since its first entry of ours, oldest first; those that are merely kept do not count. */
export function backupsOf(path: string): string[] {
  const begin = basename(path) + BACKUP;
  try {
    const names = readdirSync(dirname(path)).filter((name) => name.startsWith(begin) && !name.endsWith(KEPT));
    return names.sort().map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

/** Keeps a copy as something of the past, that no later run takes for what was before setup; returns its new path. */
export function keepBackup(copy: string): string {
  const kept = copy + KEPT;
  onDisk("backed up", copy, () => renameSync(copy, kept));
  return kept;
}

/** Removes a copy that is needed no more. */
export function removeBackup(copy: string): void {
  rmSync(copy, { force: true });
}

/** What setup noted that it put into a file, where the file has no room for a mark. */
export function notedBeside(path: string): string[] {
  try {
    return readFileSync(path + NOTE, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

/** Notes it; without anything to note there is no file. @throws ConfigRefusal */
export function noteBeside(path: string, noted: readonly string[]): void {
  onDisk("written", path + NOTE, () => {
    if (noted.length === 0) return rmSync(path + NOTE, { force: true });
    mkdirSync(dirname(path), { recursive: true });
    putWhole(path + NOTE, noted.map((name) => `${name}\n`).join(""), 0o600);
  });
}
