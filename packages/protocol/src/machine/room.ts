/** Whether a disk has room at all: where it has none, SQLite and many programs say something else. */

/** How a program looks at a disk: functions of `node:fs`, which throw what the system refuses. */
export interface RoomReader {
  statfsSync(folder: string): { bavail: number; bsize: number; files: number; ffree: number };
  writeFileSync(path: string, bytes: Uint8Array, options: { mode: number }): void;
  rmSync(path: string, options: { force: boolean }): void;
}

/** What a small file takes. */
const PAGE_BYTES = 4_096;

/**
 * Whether less than `leastBytes` or no inode is free on the disk of a folder, or a small file cannot be made there for
 * want of room: a quota, or what a file system keeps for itself, shows in no count.
 */
export function hasNoRoom(folder: string, leastBytes: number, reader: RoomReader): boolean {
  try {
    const { bavail, bsize, files, ffree } = reader.statfsSync(folder);
    if (bavail * bsize < leastBytes || (files > 0 && ffree === 0)) return true;
  } catch {
    // Some file systems have no counts; the file tells.
  }
  const path = `${folder}/room.draft`;
  try {
    reader.writeFileSync(path, new Uint8Array(PAGE_BYTES), { mode: 0o600 });
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  } finally {
    try {
      reader.rmSync(path, { force: true });
    } catch {
      // It is a page; the next look writes over it.
    }
  }
}
