/** No link of a page leads nowhere: the file is there, and the heading in it. */
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { anchorOf } from "testkit";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const pages = ["*.md", "docs/**/*.md", "packages/*/README.md", "plugins/**/*.md", "{examples,findings,bench}/*.md"]
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((page) => !page.includes("node_modules"));

/** What readers see as text: without the blocks and words of code, in which brackets are none of a link. */
const prose = (page: string) => page.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "code");

/** Targets of the links of a page, but for addresses of the web. */
function linksOf(page: string): string[] {
  return [...prose(page).matchAll(/\]\(\s*([^)\s]+)\s*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function anchorsOf(page: string): Set<string> {
  const headings = page.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} (.+)$/gm);
  return new Set([...headings].map(([, heading = ""]) => anchorOf(heading)));
}

/** Why a link leads nowhere; undefined when it does not. */
function broken(page: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (file.startsWith("..")) return "leaves the repository";
  const found = statSync(join(root, file), { throwIfNoEntry: false });
  if (!found) return "no such file";
  if (anchor === undefined || found.isDirectory()) return undefined;
  return anchorsOf(readFileSync(join(root, file), "utf8")).has(anchor) ? undefined : "no such heading";
}

test.each(pages)("every link of %s leads to a file, and to a heading of it", (page) => {
  const links = linksOf(readFileSync(join(root, page), "utf8"));
  expect(links.map((link) => [link, broken(page, link)]).filter(([, why]) => why !== undefined)).toEqual([]);
});

test("the check itself tells right from wrong", () => {
  expect(linksOf("[a](b.md) `[c](d)` [e](https://e.example) [f](#g)\n```\n[h](i)\n```\n")).toEqual(["b.md", "#g"]);
  expect(
    ["README.md#start", "#no-such", "docs/none.md", "../elsewhere.md", "docs/decisions"].map((link) =>
      broken("README.md", link),
    ),
  ).toEqual([undefined, "no such heading", "no such file", "leaves the repository", undefined]);
  expect(pages.length).toBeGreaterThan(20);
});
