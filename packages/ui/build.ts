/** Makes the page: one script, one style sheet, each named by what is in it, and the document that loads them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licencesOf } from "../testkit/src/programs/licences.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** Builds the page, takes away what an earlier build left, and answers the folder. What is there as it should be is left. */
export async function buildPage(folder: string = join(here, "dist")): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: { ui: join(here, "src", "main.tsx") },
    outdir: folder,
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
  });
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const named = (end: string) => [...files.keys()].find((name) => name.endsWith(end)) ?? end;
  const index = readFileSync(join(here, "src", "index.html"), "utf8");
  files.set("licences-of-bundled-code.txt", licencesOf(Object.keys(metafile.inputs)));
  files.set("index.html", index.replace("ui.css", named(".css")).replace("ui.js", named(".js")));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) put(join(folder, name), text);
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name), { recursive: true });
  return folder;
}

function put(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
