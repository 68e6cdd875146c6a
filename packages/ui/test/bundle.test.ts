/** The page as it is built: small, whole, and without anything that another place serves. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPage } from "../build.ts";

const folder = mkdtempSync(join(tmpdir(), "agentmesh-page-"));
beforeAll(() => buildPage(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (end: string, begin = "") => {
  const name = readdirSync(folder).find((each) => each.startsWith(begin) && each.endsWith(end)) ?? end;
  return { name, text: readFileSync(join(folder, name), "utf8") };
};
const script = () => read(".js", "ui-");
const shared = () => read(".js", "stream-");

test("the page is at most 60 KiB over the wire, compressed, in all", () => {
  const files = [read(".html"), read(".css"), script(), shared()];
  const sizes = files.map(({ text }) => gzipSync(text, { level: 9 }).length);
  expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(60 * 1_024);
});

test("the document loads its own script and style by the names of what is in them, and holds no script itself", () => {
  const { text } = read(".html");
  expect(text).toContain(`src="/ui/assets/${script().name}"`);
  expect(text).toContain(`href="/ui/assets/${read(".css").name}"`);
  expect(script().name).toMatch(/^ui-[A-Z0-9]{8}\.js$/);
  expect(shared().name).toMatch(/^stream-[A-Z0-9]{8}\.js$/);
  expect(script().text).toContain(`"/ui/assets/${shared().name}"`);
  expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
});

test("no file names another place, and nothing makes HTML or code of a text", () => {
  const text = script().text + shared().text;
  const hosts = [...`${text}${read(".css").text}`.matchAll(/https?:\/\/[\w.-]+/g)].map(([url]) => url);
  expect(hosts.filter((url) => url !== "http://www.w3.org")).toEqual([]);
  expect(text).not.toMatch(/\beval\(|new Function\(|insertAdjacentHTML|document\.write/);
});

test("building again takes away what an earlier build left, and changes nothing", async () => {
  const before = readdirSync(folder).sort();
  writeFileSync(join(folder, "ui-00000000.js"), "of an earlier build");
  mkdirSync(join(folder, "maps"));
  await buildPage(folder);
  expect(readdirSync(folder).sort()).toEqual(before);
});

test("the licence of each package that is in the script stands beside it", () => {
  const { text } = read("licences-of-bundled-code.txt");
  for (const name of ["preact ", "@preact/signals ", "@preact/signals-core "]) expect(text).toContain(name);
});
