/** The mesh key: made whole at the first start, read at every later one. */
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { refusedBy, StateFolderError } from "./state-files.ts";
import { writeWhole } from "./whole-file.ts";

/**
 * The mesh key of a folder whose lock this process holds (0600). One that a first start left unfinished, before there was
 * a mesh, is made anew.
 * @throws StateFolderError when others can read it, or it is damaged
 */
export function meshKey(folder: string): string {
  const path = join(folder, "key");
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return madeAt(path);
  if (stat.isSymbolicLink()) throw refusedBy(linked(), path, "cannot be used", { path });
  if (process.platform !== "win32" && (!stat.isFile() || (stat.mode & 0o077) !== 0)) {
    throw new StateFolderError(`${path} can be read by other users. Run: chmod 600 ${path}`);
  }
  const key = readFileSync(path, "utf8").trim();
  if (/^amk_[\w-]{43}$/.test(key)) return key;
  if (isBeginning(key) && !hasMesh(folder)) return madeAt(path);
  throw new StateFolderError(`${path} does not hold a mesh key. Move it away: the broker makes a new one.`);
}

/** What the system says where a link may not be followed: the mode and the owner of a link say nothing of the key. */
function linked(): Error {
  return Object.assign(new Error("ELOOP"), { code: "ELOOP", syscall: "open" });
}

function madeAt(path: string): string {
  const made = `amk_${randomBytes(32).toString("base64url")}`;
  try {
    writeWhole(path, `${made}\n`);
  } catch (error) {
    throw refusedBy(error, path, "cannot be written", { path });
  }
  return made;
}

/** Whether this is how far a write of a key may have come that was ended, or met a full disk. */
function isBeginning(text: string): boolean {
  return "amk_".startsWith(text) || /^amk_[\w-]{0,42}$/.test(text);
}

/** Whether a mesh was begun under a key that is no longer there. */
function hasMesh(folder: string): boolean {
  const bytes = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return existsSync(join(folder, "mesh.mark.json")) || bytes("mesh.db") > 0 || bytes("mesh.db-wal") > 0;
}
