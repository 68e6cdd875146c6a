/** Files of identities: what an ended process left half made goes, and what somebody is making stays. */
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IdentityFiles, openStateFolder } from "@agentmesh/client/node";
import { tempDir } from "testkit";
import { expect, test } from "vitest";

test("a draft of a token whose process ended is taken away, and a fresh one is left to its process", () => {
  using home = tempDir();
  const folder = openStateFolder(home.path);
  const identities = new IdentityFiles(folder);
  identities.own("test").release();
  const [old = "", fresh = ""] = ["own-1.json.1.0123abcd", "own-2.json.2.0123abcd"].map((n) => join(folder.agents, n));
  for (const path of [old, fresh]) writeFileSync(path, "half");
  utimesSync(old, 1, 1);
  identities.orphans(10);
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
});
