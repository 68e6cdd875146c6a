/**
 * The programs as they are published, and as tests start them: made from the sources, each with all that it needs in a few
 * files (decision 0024). From the sources, or with each dependency in its files, a start reads up to 500 of them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import type { TestProject } from "vitest/node";
import { licencesOf } from "./licences.ts";
import { pageFiles, removeOthers } from "./page.ts";

const packages = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAMS = ["broker", "mcp", "cli"];
/** From where the broker serves the page. */
const PAGE = join(packages, "broker", "dist", "ui");
const ENTRY = join("src", "main.ts");
/** Modules of the CommonJS form ask for those of Node by `require`, which a module of the other form has not. */
const REQUIRE =
  'import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);';
/** Beside the programs: the licences of the code in them that is not ours. */
const LICENCES = "licences-of-bundled-code.txt";

/**
 * What is used of Node's own modules, asked for by `getBuiltinModule`. An import has Node read every export of them, and so load what
 * they keep until it is wanted: promises and lines behind `fs`, threads behind `util`, a whole HTTP client behind `http`; 3 to 14 MiB
 * each. The entry imports: it says its refusal on a Node that has no `getBuiltinModule`.
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path, importer, kind }) =>
      kind === "import-statement" && isBuiltin(path) && !importer.endsWith(ENTRY)
        ? { path, namespace: "builtin", sideEffects: false }
        : null,
    );
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[a-z_]\w*$/i.test(name));
      const each = names.map((name) => `const its_${name} = /* @__PURE__ */ (() => all.${name})();`);
      const exported = names.map((name) => `its_${name} as ${name}`);
      const all = `const all = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`;
      return { contents: [all, ...each, `export { ${["all as default", ...exported].join(", ")} };`].join("\n") };
    });
  },
};

/** Makes the programs in `packages/NAME/dist`. What is there as it should be is left: other tests may be starting it. */
export async function buildPrograms(): Promise<void> {
  await Promise.all([...PROGRAMS.map(buildProgram), putPage()]);
}

/** The same for packages that are to be packed: whatever JavaScript was made there before is taken away. */
export async function buildForPacking(): Promise<void> {
  for (const name of PROGRAMS) {
    const made = new Set(await buildProgram(name));
    const dist = join(packages, name, "dist");
    for (const file of readdirSync(dist).map((each) => join(dist, each))) {
      if (/\.m?js$/.test(file) && !made.has(file)) rmSync(file);
    }
  }
  removeOthers(PAGE, await putPage());
}

/** Puts the page beside the broker's program, its index last: until then that of before finds its own files. */
async function putPage(): Promise<ReadonlySet<string>> {
  const files = await pageFiles(packages);
  const isIndex = (name: string) => Number(name === "index.html");
  for (const [name, text] of [...files].sort(([a], [b]) => isIndex(a) - isIndex(b))) put(join(PAGE, name), text, 0o644);
  return new Set(files.keys());
}

/**
 * What the adapter's program runs unless it is a hook: a file of its own. The hook stands in the entry, and that is CommonJS: with
 * another file to load, or one of the other form, Node compiles its loader to machine code, which takes 2 MiB.
 */
const APART: Readonly<Record<string, string>> = { mcp: "./run.ts" };

async function buildProgram(name: string): Promise<string[]> {
  const apart = APART[name];
  return apart === undefined ? withLicences(name, [await bundle(name, ENTRY)]) : buildApart(name, apart);
}

async function buildApart(name: string, apart: string): Promise<string[]> {
  const dist = join(packages, name, "dist");
  put(join(dist, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`, 0o644);
  const rest = await bundle(name, join("src", apart), {
    entryNames: "[name]-[hash]",
    splitting: false,
    outExtension: { ".js": ".mjs" },
  });
  const [file = ""] = rest.files;
  const asFile: Plugin = {
    name: "as-file",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path }) =>
        path === apart ? { path: `./${basename(file)}`, external: true } : null,
      );
    },
  };
  // Last: until then the entry of before finds its own file, which stays. On a Node that is too old it says so, whatever else is in it.
  const entry = await bundle(name, ENTRY, {
    plugins: [asFile],
    splitting: false,
    format: "cjs",
    target: "node14.8",
    banner: {},
  });
  return withLicences(name, [rest, entry]);
}

/** Puts the licences of what is in them beside them. */
function withLicences(name: string, bundles: readonly Bundle[]): string[] {
  const licences = licencesOf(bundles.flatMap(({ sources }) => sources));
  put(join(packages, name, "dist", LICENCES), licences, 0o644);
  return bundles.flatMap(({ files }) => files);
}

/** The files that were made, and those that they were made from. */
interface Bundle {
  readonly files: readonly string[];
  readonly sources: readonly string[];
}

async function bundle(
  name: string,
  entryPoint: string,
  { plugins = [], ...options }: BuildOptions = {},
): Promise<Bundle> {
  const dist = join(packages, name, "dist");
  const { outputFiles = [], metafile } = await build({
    entryPoints: [join(packages, name, entryPoint)],
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    conditions: ["@agentmesh/source"],
    // Its addon is found beside it.
    external: ["better-sqlite3"],
    // The broker asks it all the time, and Node's own is the quicker one.
    inject: name === "broker" ? [] : [fileURLToPath(new URL("uptime.ts", import.meta.url))],
    banner: { js: REQUIRE },
    // The whole source stays in memory; names stay as they are, for the lines of a stack.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "warning",
    ...options,
    plugins: [...plugins, builtins],
  });
  const entry = join(dist, "main.js");
  for (const { path, text } of outputFiles.sort((a, b) => Number(a.path === entry) - Number(b.path === entry))) {
    put(path, inAscii(withoutIdleBanner(text)), path === entry ? 0o755 : 0o644);
  }
  return { files: outputFiles.map(({ path }) => path), sources: Object.keys(metafile?.inputs ?? {}) };
}

/** The banner stands in every file, and is itself an import of Node's. */
function withoutIdleBanner(text: string): string {
  const rest = text.replace(`${REQUIRE}\n`, "");
  return /\brequire\b/.test(rest) ? text : rest;
}

/** Without characters beyond ASCII: for a single one Node keeps the whole file in two bytes a character. Regular expressions have them. */
function inAscii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function put(path: string, text: string, mode: number): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, text, { mode });
  renameSync(beside, path);
}

/** Before the first test of a run, and before each next one of a watch. */
export default async function setup(project: TestProject): Promise<void> {
  process.env.AGENTMESH_SAMPLE ??= String(Math.floor(Math.random() * 1_000_000));
  await buildPrograms();
  project.onTestsRerun(buildPrograms);
}
