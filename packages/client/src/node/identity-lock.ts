/** The lock beside a token's file, by which one process at a time is its agent. */
import { rmSync, statSync } from "node:fs";
import { FileLock } from "./file-lock.ts";

/** The lock of a token's file. One whose file was deleted between opening and locking it guards nothing: look again. */
export function lockAt(path: string): FileLock | undefined {
  const file = lockFile(path);
  for (;;) {
    const before = inode(file);
    const lock = FileLock.tryTake(file);
    if (!lock) return undefined;
    const now = inode(file);
    if (now !== undefined && (before === undefined || before === now)) return lock;
    lock.release();
  }
}

/** Gives a lock back for good. Windows deletes no file that is open. */
export function endLock(path: string, lock: FileLock): void {
  if (process.platform !== "win32") rmSync(lockFile(path), { force: true });
  lock.release();
  if (process.platform === "win32") rmSync(lockFile(path), { force: true });
  rmSync(`${lockFile(path)}-journal`, { force: true });
}

function lockFile(path: string): string {
  return path.replace(/\.json$/, ".lock");
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
