/**
 * The programs as tests start them: made from the sources once per run, each with all that it needs in a few files. A test
 * starts hundreds of them, and from the sources each start reads up to 500 files.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { TestProject } from "vitest/node";

const packages = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAMS = ["broker", "mcp", "cli"];
/** Modules of the CommonJS form ask for those of Node by `require`, which a module of the other form has not. */
const REQUIRE =
  'import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);';

/** Makes the programs in `packages/NAME/dist`. What is there as it should be is left: other tests may be starting it. */
export async function buildPrograms(): Promise<void> {
  await Promise.all(PROGRAMS.map(buildProgram));
}

async function buildProgram(name: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [join(packages, name, "src/main.ts")],
    outdir: join(packages, name, "dist"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    conditions: ["@agentmesh/source"],
    // Its addon is found beside it.
    external: ["better-sqlite3"],
    banner: { js: REQUIRE },
    write: false,
    logLevel: "warning",
  });
  // The entry is last: until then the one of before finds its own files, which stay.
  const entry = join(packages, name, "dist/main.js");
  for (const { path, text } of outputFiles.sort((a, b) => Number(a.path === entry) - Number(b.path === entry))) {
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    const beside = `${path}.${process.pid}`;
    writeFileSync(beside, text, { mode: path === entry ? 0o755 : 0o644 });
    renameSync(beside, path);
  }
}

/** Before the first test of a run, and before each next one of a watch. */
export default async function setup(project: TestProject): Promise<void> {
  await buildPrograms();
  project.onTestsRerun(buildPrograms);
}
