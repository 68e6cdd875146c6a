/** Which file a path names: whether it is still the one that was there before. */
import { statSync } from "node:fs";

/**
 * Which file a path names: its inode, and when it was made, since a file that takes the place of a removed one may get
 * its inode. Where nobody knows when, what is said instead is the time of the last change; then the inode stands alone.
 * Undefined when there is none.
 */
export function fileOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!found) return undefined;
  const { ino, birthtimeNs: made, ctimeNs: changed } = found;
  return made > 0n && made !== changed ? `${ino}/${made}` : `${ino}`;
}

/** Whether a path names the file that `fileOf` named before. */
export function isStill(file: string, path: string): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  const [inode, made] = file.split("/");
  return (
    found !== undefined && String(found.ino) === inode && (made === undefined || String(found.birthtimeNs) === made)
  );
}
