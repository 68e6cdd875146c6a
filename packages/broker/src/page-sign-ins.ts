/** Where sign-ins at the page are kept: a file of the state folder, apart from the mesh, so that no copy of that signs anybody in. */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PageParts } from "./mesh/access/sign-ins.ts";
import { writeWhole } from "./whole-file.ts";

/** How sign-ins at the page are kept in a state folder, by its mesh key. */
export function pageParts(home: string, meshKey: string, isOpen: boolean): PageParts {
  const path = join(home, "ui.json");
  return {
    isOpen,
    place: {
      read() {
        try {
          return JSON.parse(readFileSync(path, "utf8"));
        } catch {
          return undefined;
        }
      },
      write: (kept) => writeWhole(path, `${JSON.stringify(kept, null, 2)}\n`),
    },
    known: (use, secret) => createHmac("sha256", meshKey).update(`the ${use} of a page\n${secret}`).digest("base64url"),
  };
}
