/** Every fenced block of README and docs does what its page says: run, type-checked or parsed, or says why it is not. */
import { execFile } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import json5 from "json5";
import { parse as parseToml } from "smol-toml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { openSandbox, type Sandbox } from "../src/snippets/sandbox.ts";
import { type Snippet, snippetsOf } from "../src/snippets/snippet.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const pages = ["*.md", "docs/*.md", "packages/*/README.md", "examples/*.md", "findings/*.md"]
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((page) => !/^(CHANGELOG|CLAUDE)/.test(page))
  .sort();
const snippets = pages.flatMap((page) => snippetsOf(root, page));
const named = (languages: readonly string[]) =>
  snippets
    .filter(({ language, notRun }) => languages.includes(language) && notRun === undefined)
    .map((snippet): [string, Snippet] => [`${snippet.page}:${snippet.line}`, snippet]);

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  json: JSON.parse,
  json5: json5.parse,
  toml: parseToml,
  yaml: parseYaml,
};
const CHECKED = ["ts", "js"];
const RUN = ["sh", "bash"];

test("every block has a language that is tried, or none, as what a program prints; what is not run says why", () => {
  expect(snippets.length).toBeGreaterThan(80);
  const known = ["", ...RUN, ...CHECKED, ...Object.keys(parsers)];
  expect(snippets.filter(({ language }) => !known.includes(language))).toEqual([]);
  for (const { notRun } of snippets) if (notRun !== undefined) expect(notRun).toMatch(/\w+ \w+/);
  const left = snippets.filter(({ language, notRun }) => language === "" && notRun !== undefined);
  expect(left).toEqual([]);
});

test.each(named(Object.keys(parsers)))("%s is read by a parser of its language", (_, { language, text }) => {
  expect(parsers[language]?.(text)).toBeTypeOf("object");
});

test("programs in TypeScript fit the packages, those in JavaScript the language", { timeout: 120_000 }, async () => {
  const folder = join(root, "packages/testkit/node_modules/.snippets");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, { language, text }] of named(CHECKED)) {
    writeFileSync(join(folder, `${name.replaceAll(/\W/g, "-")}.${language}`), `${text}\nexport {};\n`);
  }
  const config = {
    extends: join(root, "tsconfig.tests.json"),
    compilerOptions: { noUnusedLocals: false, allowJs: true, checkJs: false },
    include: ["*.ts", "*.js"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  // What tsc finds it prints to stdout; that it did not run is an error of another kind, and thrown.
  const ended = await promisify(execFile)(tsc, ["-p", folder]).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && typeof error.code === "number")) throw error;
    return { stdout: "", stderr: "", ...error };
  });
  expect(ended).toEqual({ stdout: "", stderr: "" });
  rmSync(folder, { recursive: true });
});

describe("a shell", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test.each(named(RUN))("runs %s without an error, and once more", { timeout: 120_000 }, async (_, { text }) => {
    for (let time = 0; time < 2; time++) {
      const { code, out, err } = await sandbox.run(text);
      expect(`${out}${err}`).not.toMatch(/^error:|"type":"about:blank"|command not found|npm warn/m);
      expect(code, `${out}${err}`).toBe(0);
    }
  });

  test("makes backups that only their owner can read", () => {
    const mode = statSync(join(sandbox.home, "mesh-backup.db")).mode;
    expect((mode & 0o777).toString(8)).toBe("600");
  });

  test("prints for README's HTTP calls what README shows", async () => {
    const [calls] = snippets.filter(({ page, language }) => page === "README.md" && language === "bash");
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const shown = readme.split("ids shortened:")[1]?.split("```")[1] ?? "";
    await using fresh = await openSandbox();
    const { out } = await fresh.run(calls?.text ?? "");
    const printed = out.trimEnd().split("\n").slice(2);
    expect(shown.trim().split("\n\n").map(withoutChance)).toEqual(printed.map(withoutChance));
  });
});

/** JSON whose ids, times and receipts are the same at every run. */
function withoutChance(json: string): unknown {
  const text = json
    .replaceAll("\n", "")
    .replaceAll(/\b([a-z]{3})_[0-9a-f]+…?/g, "$1_…")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/("receipt":)"[^"]+"/g, '$1"…"')
    .replaceAll(/("oldestQueuedMs":)\d+/g, "$1 1");
  return JSON.parse(text);
}
