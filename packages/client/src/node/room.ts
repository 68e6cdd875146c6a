/** Whether a disk has room at all: where it has none, programs that write there often say something else. */
import { statfsSync } from "node:fs";

/** What the smallest program needs. */
const HARDLY_ANY_BYTES = 65_536;

/** Whether hardly anything can be written on the disk of a folder, or no file be made on it. */
export function isFull(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    return bavail * bsize < HARDLY_ANY_BYTES || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}
