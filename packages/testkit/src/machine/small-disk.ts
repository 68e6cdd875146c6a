/** Disks that are full: small file systems of their own, and files that fill them. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, statfsSync, writeSync } from "node:fs";
import { tempDir } from "../temp-dir.ts";

const CHUNK_BYTES = 1_048_576;

/** Mounts a file system at a path, which is made when it is not there, with options such as `size=64m`; gone on dispose. */
export function openSmallDisk(path: string, options: string): Disposable {
  mkdirSync(path, { recursive: true });
  const words = ["-t", "tmpfs", "-o", `${options},mode=700`, "tmpfs", path];
  const { status, stderr } = spawnSync("mount", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount ended with ${status}: ${stderr}`);
  return {
    [Symbol.dispose]() {
      // Whoever still has a file open there does not keep it from going.
      spawnSync("umount", ["-l", path]);
    },
  };
}

/** Why there are no small disks on this machine; undefined when there are. For the names of tests that are skipped. */
export function whyNoSmallDisks(): string | undefined {
  using folder = tempDir();
  try {
    openSmallDisk(folder.path, "size=1m")[Symbol.dispose]();
    return undefined;
  } catch {
    return "needs Linux and root: a small file system is mounted";
  }
}

/** Writes up to `bytes` into a new file, or until its disk takes no more. */
export function fillDisk(path: string, bytes = Number.POSITIVE_INFINITY): void {
  const file = openSync(path, "w");
  let chunk = Buffer.alloc(CHUNK_BYTES, 1);
  for (let left = bytes; left > 0 && chunk.length > 0; ) {
    try {
      left -= writeSync(file, chunk, 0, Math.min(left, chunk.length));
    } catch {
      chunk = chunk.subarray(0, chunk.length >> 1);
    }
  }
  closeSync(file);
}

/** Bytes of a folder's disk that are free. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
