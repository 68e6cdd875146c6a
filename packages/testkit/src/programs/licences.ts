/** The licences of packages whose code is in a program: each wants to stand beside it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** The name and licence of each package that these files are of, ours left out. @throws Error where one has no text */
export function licencesOf(files: readonly string[]): string {
  const folders = new Set(files.map(packageFolder).filter((folder) => folder !== undefined));
  const parts = [...folders].map((folder) => {
    const { name, version, license } = Manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    return { title: `${name} ${version} (${license})`, text: licenceIn(folder, name) };
  });
  const one = new Map(parts.map(({ title, text }) => [title, text]));
  return [...one]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `${title}\n${"-".repeat(title.length)}\n\n${text.trim()}\n`)
    .join("\n\n");
}

/** Up to and with the package's name behind the last `node_modules`. */
function packageFolder(file: string): string | undefined {
  const found = /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(resolve(file));
  return found?.[0];
}

function licenceIn(folder: string, name: string): string {
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.|$)/i.test(each));
  if (file !== undefined) return readFileSync(join(folder, file), "utf8");
  const readme = readdirSync(folder).find((each) => /^readme/i.test(each));
  const said = readme === undefined ? undefined : readFileSync(join(folder, readme), "utf8");
  const section = said === undefined ? undefined : /^#+ licen[cs]e\b[\s\S]*/im.exec(said)?.[0];
  if (section !== undefined) return section;
  throw new Error(`${name} is in a program, and has no text of its licence`);
}
