/** A folder that is gone when its scope ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Path of a new empty folder, removed on dispose. */
export interface TempDir extends Disposable {
  readonly path: string;
}

/** Makes a temporary folder. */
export function tempDir(within = tmpdir()): TempDir {
  const path = mkdtempSync(join(within, "agentmesh-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}
