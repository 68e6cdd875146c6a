/** A file that cannot be replaced, or would lose something by it, is written over, with a copy beside it meanwhile. */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { shellWord } from "../../terminal/shell-word.ts";
import { onDisk, reasonOf, targetOf } from "./disk.ts";
import { ConfigRefusal } from "./refusal.ts";

const RESCUE = ".agentmesh-rescue-";

/** A file changed between being read and being written. */
export class ChangedMeanwhile extends Error {
  override readonly name = "ChangedMeanwhile";
}

/**
 * Writes over a file: a copy first, then the bytes, down to the disk, then read again. What fails is undone. A run that
 * is ended in the midst leaves the copy, and {@link refuseHalfWritten} tells of it.
 * @throws ChangedMeanwhile when it is not `from` any more, ConfigRefusal
 */
export function writeInPlace(path: string, { from, to }: { readonly from: string; readonly to: string }): void {
  const [before, after] = [Buffer.from(from), Buffer.from(to)];
  const rescue = rescueOf(path, after);
  onDisk("backed up", path, () => {
    putWhole(rescue, before, 0o600);
  });
  let safe = true;
  try {
    const file = onDisk("written", path, () => openSync(targetOf(path), "r+"));
    try {
      if (!contentOf(file).equals(before)) throw new ChangedMeanwhile(path);
      safe = false;
      overwrite(file, after);
      safe = true;
    } catch (error) {
      if (error instanceof ChangedMeanwhile) throw error;
      safe = undone(file, before);
      const why = reasonOf(error, path);
      if (safe) throw new ConfigRefusal(`it cannot be written: ${why}. It is as it was`, { cause: error });
      throw new ConfigRefusal(`it is half written: ${why}. ${remedy(path, rescue)}`, { cause: error });
    } finally {
      closeSync(file);
    }
  } finally {
    if (safe) rmSync(rescue, { force: true });
  }
}

/** Refuses a file that a run which was ended may have left half written. @throws ConfigRefusal */
export function refuseHalfWritten(path: string): void {
  for (const rescue of rescuesOf(path)) {
    if (isWhole(path, rescue)) continue;
    throw new ConfigRefusal(`a run that was ended in the midst has left it half written. ${remedy(path, rescue)}`);
  }
}

/** Removes the copies of runs that were ended before they changed anything, or after all was written. */
export function forgetRescues(path: string): void {
  for (const rescue of rescuesOf(path)) if (isWhole(path, rescue)) rmSync(rescue, { force: true });
}

/** Writes a file that must not be there yet, down to the disk. @throws SystemError */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Puts a file at its place at once, down to the disk: a run that is ended leaves it whole, or as it was. @throws SystemError */
export function putWhole(path: string, content: string | Uint8Array, mode: number): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString("hex")}`);
  writeWhole(draft, content, mode);
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function overwrite(file: number, content: Uint8Array): void {
  for (let done = 0; done < content.length; ) done += writeSync(file, content, done, content.length - done, done);
  ftruncateSync(file, content.length);
  fsyncSync(file);
  if (!contentOf(file).equals(content)) throw new Error("what was written is not what can be read");
}

function undone(file: number, before: Uint8Array): boolean {
  try {
    overwrite(file, before);
    return true;
  } catch {
    return false;
  }
}

function contentOf(file: number): Buffer {
  const content = Buffer.alloc(fstatSync(file).size);
  let done = 0;
  while (done < content.length) {
    const read = readSync(file, content, done, content.length - done, done);
    if (read === 0) break;
    done += read;
  }
  return content.subarray(0, done);
}

/** The name says what the file was to become: by that a run that had finished is told from one that had not. */
function rescueOf(path: string, after: Uint8Array): string {
  return `${path}${RESCUE}${hashOf(after)}`;
}

function isWhole(path: string, rescue: string): boolean {
  try {
    const now = readFileSync(path);
    return rescue.endsWith(hashOf(now)) || now.equals(readFileSync(rescue));
  } catch {
    return false;
  }
}

function rescuesOf(path: string): string[] {
  const begin = basename(path) + RESCUE;
  try {
    const names = readdirSync(dirname(path)).filter((name) => name.startsWith(begin));
    return names.sort().map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function remedy(path: string, rescue: string): string {
  const [file, copy] = [path, rescue].map((one) => shellWord(one, process.platform));
  return `What it was before is whole in a copy. To take that back: cp ${copy} ${file} && rm ${copy}. If the file is right as it is: rm ${copy}`;
}
