/** The page's files beside the broker's program: made by `packages/ui`, or a first small one where that is not there. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Signs in by the code in the address, and shows as whom. */
const SCRIPT = `
const said = document.querySelector("main");
const call = async (method, body) => {
  const headers = { "agentmesh-page": localStorage.getItem("agentmesh-page") ?? "" };
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch("/v1/ui/session", { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  localStorage.setItem("agentmesh-page", told.page);
  return told;
};
const code = new URLSearchParams(location.hash.slice(1)).get("code");
history.replaceState(null, "", location.pathname);
(code ? call("POST", { code }) : call("GET")).then(
  ({ readOnly, person }) => { said.textContent = "Signed in" + (readOnly ? " to look." : person ? " as " + person.name + "." : "."); },
  (error) => { said.textContent = error.message; },
);
`;
const STYLE = "body { font: 1rem system-ui; margin: 2rem; color-scheme: light dark; }\n";

/** What `packages/ui/build.ts` has. */
interface PageBuild {
  /** Makes the page's files, and says in which folder. */
  buildPage(): Promise<string>;
}

/** The files by name. */
export async function pageFiles(packages: string): Promise<ReadonlyMap<string, string>> {
  const build = join(packages, "ui", "build.ts");
  if (!existsSync(build)) return firstPage();
  const { buildPage }: PageBuild = await import(pathToFileURL(build).href);
  const dist = await buildPage();
  return new Map(readdirSync(dist).map((name) => [name, readFileSync(join(dist, name), "utf8")]));
}

/** Takes away what was made there before and is none of these. */
export function removeOthers(folder: string, names: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(join(folder, name), { recursive: true });
}

function firstPage(): ReadonlyMap<string, string> {
  const script = `ui-${hashOf(SCRIPT)}.js`;
  const style = `ui-${hashOf(STYLE)}.css`;
  const index = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>agentmesh</title>
<link rel="stylesheet" href="/ui/assets/${style}">
<main>Signing in …</main>
<script src="/ui/assets/${script}" type="module"></script>
</html>
`;
  return new Map([
    ["index.html", index],
    [script, SCRIPT],
    [style, STYLE],
  ]);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
