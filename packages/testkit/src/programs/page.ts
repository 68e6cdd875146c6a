/** The page's files beside the broker's program, as `packages/ui` makes them. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What `packages/ui/build.ts` has. */
interface PageBuild {
  /** Makes the page's files, and says in which folder. */
  buildPage(): Promise<string>;
}

/** The files by name. */
export async function pageFiles(packages: string): Promise<ReadonlyMap<string, string>> {
  const { buildPage }: PageBuild = await import(pathToFileURL(join(packages, "ui", "build.ts")).href);
  const dist = await buildPage();
  return new Map(readdirSync(dist).map((name) => [name, readFileSync(join(dist, name), "utf8")]));
}

/** Takes away what was made there before and is none of these. */
export function removeOthers(folder: string, names: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(join(folder, name), { recursive: true });
}
