/** Makes the page: its script, its style sheet, the script that its tabs share, each named by what is in it, and the document. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licencesOf } from "../testkit/src/programs/licences.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** Builds the page, takes away what an earlier build left, and answers the folder. What is there as it should be is left. */
export async function buildPage(folder: string = join(here, "dist")): Promise<string> {
  const worker = await bundled("stream", join("stream", "worker.ts"), {});
  const page = await bundled("ui", "main.tsx", { STREAM_FILE: JSON.stringify(`/ui/assets/${worker.names[0]}`) });
  const files = new Map([...worker.files, ...page.files]);
  const named = (end: string) => page.names.find((name) => name.endsWith(end)) ?? end;
  const index = readFileSync(join(here, "src", "index.html"), "utf8");
  files.set("licences-of-bundled-code.txt", licencesOf(page.inputs));
  files.set("index.html", index.replace("ui.css", named(".css")).replace("ui.js", named(".js")));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) put(join(folder, name), text);
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name), { recursive: true });
  return folder;
}

/** A script and what belongs to it, named by what is in it. */
async function bundled(name: string, entry: string, define: Record<string, string>) {
  const { outputFiles, metafile } = await build({
    entryPoints: { [name]: join(here, "src", entry) },
    outdir: here,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["chrome120", "firefox121", "safari17"],
    jsx: "automatic",
    jsxImportSource: "preact",
    conditions: ["@agentmesh/source"],
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "warning",
    define,
  });
  const files = outputFiles.map(({ path, text }) => [basename(path), text] as const);
  return { files, names: files.map(([each]) => each), inputs: Object.keys(metafile.inputs) };
}

function put(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
