/** docs/troubleshooting.md lists what the pages beside this file's tests hold. After a new symptom: run this with -u. */
import { readdirSync } from "node:fs";
import { troubleIndex, troublePages } from "testkit";
import { expect, test } from "vitest";

test("docs/troubleshooting.md lists the symptoms of every page", async () => {
  await expect(troubleIndex()).toMatchFileSnapshot("../../../../docs/troubleshooting.md");
});

test("every page of docs/troubleshooting is made by the test of its name", () => {
  const tests = readdirSync(import.meta.dirname).map((name) => name.replace(/\.test\.ts$/, ""));
  expect(tests.filter((name) => name !== "index").sort()).toEqual(troublePages());
});
