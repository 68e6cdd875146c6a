/** `pnpm commands`: a clone's commands on PATH, on a machine whose own Node is none or too old. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tempDir } from "testkit";
import { expect, test } from "vitest";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../src/commands/main.ts", import.meta.url));

async function commands(...args: string[]): Promise<{ code: number; out: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [main, ...args]);
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && "stderr" in error && "code" in error)) throw error;
    return { code: Number(error.code), out: `${error.stdout}${error.stderr}` };
  }
}

test("the commands of a clone run with nothing on PATH, are replaced whole, named by setup, and go again", async () => {
  using folder = tempDir();
  const bin = join(folder.path, "bin");
  const prefix = join(folder.path, "with a 'blank", "agentmesh");
  const places = ["--bin", bin, "--prefix", prefix];

  for (let times = 0; times < 2; times++) {
    const installed = await commands(...places);
    expect(installed.out).toContain(`export PATH="${bin}:$PATH"`);
    expect(installed.code).toBe(0);
  }
  expect(readdirSync(bin).sort()).toEqual(["agentmesh", "agentmesh-broker", "agentmesh-mcp"]);
  expect(readdirSync(join(prefix, ".."))).toEqual(["agentmesh"]);

  const nothing = join(folder.path, "nothing");
  mkdirSync(nothing);
  const env = { HOME: folder.path, AGENTMESH_HOME: join(folder.path, "state"), PATH: nothing };
  for (const name of readdirSync(bin)) {
    expect((await run(join(bin, name), ["--version"], { env })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
  mkdirSync(join(folder.path, ".codex"));
  await run(join(bin, "agentmesh"), ["setup", "--client", "codex", "--yes"], { env });
  const written = readFileSync(join(folder.path, ".codex", "config.toml"), "utf8");
  expect(written).toContain(`command = "${join(prefix, "bin", "node")}"`);
  expect(written).toContain(join(prefix, "lib", "node_modules", "agentmesh-mcp", "dist", "main.js"));

  expect((await commands("--remove", ...places)).code).toBe(0);
  expect([readdirSync(bin), existsSync(prefix)]).toEqual([[], false]);
  expect((await commands("--remove", ...places)).out).toContain("Nothing of agentmesh is installed there.");
});

test("what is not ours is left where it is: a command, a folder, an unknown flag", async () => {
  using folder = tempDir();
  const bin = join(folder.path, "bin");
  const prefix = join(folder.path, "prefix");
  const places = ["--bin", bin, "--prefix", prefix];
  mkdirSync(bin);
  mkdirSync(prefix);

  writeFileSync(join(prefix, "notes"), "mine");
  expect(await commands(...places)).toMatchObject({
    code: 1,
    out: expect.stringContaining("Name another folder: --prefix"),
  });
  writeFileSync(join(bin, "agentmesh-mcp"), "#!/bin/sh\n");
  expect(await commands(...places)).toMatchObject({ code: 1, out: expect.stringContaining("Move it away") });
  await commands("--remove", ...places);
  expect([readdirSync(bin), readdirSync(prefix)]).toEqual([["agentmesh-mcp"], ["notes"]]);
  expect(await commands("--bim", bin)).toMatchObject({ code: 2, out: expect.stringContaining("--bin DIR") });
});
