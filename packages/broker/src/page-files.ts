/** The page's files beside the program, read when the first who opens the page asks for them. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { PageFile, PageFiles } from "./http/page/serving.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Those of a folder; none while it is not there. */
export function pageFiles(folder: string): PageFiles {
  const known = new Map<string, PageFile>();
  const names = () => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  return {
    read(name) {
      const there = known.get(name);
      if (there) return there;
      const type = TYPES[extname(name)];
      // Its name is one of the folder's own, whatever was asked for.
      if (type === undefined || !names().includes(name)) return undefined;
      const file = { bytes: readFileSync(join(folder, name)), type };
      known.set(name, file);
      return file;
    },
  };
}
