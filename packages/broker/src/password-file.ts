/** The file with a database's password. */
import { readFileSync, statSync } from "node:fs";
import { refusedBy, StateFolderError } from "./state-files.ts";

/**
 * Reads the password when it is asked for, without the line's end; undefined where no file is named.
 * @throws StateFolderError when the file cannot be read, or others can read it
 */
export function passwordIn(path: string): (() => string) | undefined {
  if (path === "") return undefined;
  let last: string | undefined;
  const read = () => {
    try {
      last = readFileSync(path, "utf8").replace(/\r?\n$/, "");
      return last;
    } catch (error) {
      // While it is replaced the one of before is as good.
      if (last !== undefined) return last;
      throw refusedBy(error, path, "cannot be read", { path });
    }
  };
  if (read() === "") throw new StateFolderError(`${path} is empty: it has to hold the database's password.`);
  if (process.platform !== "win32" && (statSync(path).mode & 0o007) !== 0) {
    throw new StateFolderError(`${path} can be read by every user of this machine. Run: chmod o= ${path}`);
  }
  return read;
}
