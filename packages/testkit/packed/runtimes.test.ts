/** The packed client under other runtimes than Node, with every proxy setting there is. Bun and Deno come from npm. */
import { execFile } from "node:child_process";
import { chmodSync, cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cleanEnv, openRecordingProxy, startTestBroker, type TempDir, tempDir } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);

// Their binaries are packages of their own, so that no install script has to run.
const system = `${process.platform}-${process.arch}`;
const programs = new Map([
  // The one in OpenCode 1.18.33, which has less of `node:http`.
  ["bun 1.3", { version: "1.3.14", package: `@oven/bun-${system}`, path: "bin/bun", args: [] as string[] }],
  ["bun", { version: "1.4.5", package: `@oven/bun-${system}`, path: "bin/bun", args: [] as string[] }],
  ["deno", { version: "2.9.6", package: `@deno/${system}${linuxLibc()}`, path: "deno", args: ["run", "--allow-all"] }],
]);
const isKnown = process.platform === "linux" || process.platform === "darwin";

let app: TempDir;
beforeAll(async () => {
  app = tempDir();
  if (!isKnown) return;
  for (const name of ["protocol", "client"]) {
    await run("pnpm", ["pack", "--pack-destination", join(app.path, "tarballs")], {
      cwd: join(root, "packages", name),
    });
  }
  const tarballs = readdirSync(join(app.path, "tarballs")).map((name) => join(app.path, "tarballs", name));
  const binaries = [...programs].map(
    ([name, program]) => `${folderOf(name)}@npm:${program.package}@${program.version}`,
  );
  writeFileSync(join(app.path, "package.json"), '{ "private": true, "type": "module" }');
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs, ...binaries], {
    cwd: app.path,
  });
  cpSync(join(root, "packages/testkit/src/talker.ts"), join(app.path, "talker.ts"));
});
afterAll(() => app[Symbol.dispose]());

test.skipIf(!isKnown).each([...programs.keys()])(
  "under %s (Linux and macOS) the client talks to the broker past a proxy, and is over at once",
  async (name) => {
    const program = programs.get(name);
    const file = fileOf(name);
    await using broker = await startTestBroker();
    await using proxy = await openRecordingProxy();
    const talk = async (host: string) => {
      const env = cleanEnv({
        ...proxy.env,
        TALKER_URL: `http://${host}:${broker.port}`,
        TALKER_KEY: broker.key,
        DENO_NO_UPDATE_CHECK: "1",
      });
      return run(file, [...(program?.args ?? []), "talker.ts"], { cwd: app.path, env, timeout: 15_000 });
    };
    for (const host of ["127.0.0.1", "localhost.", "0x7f.1", "[::ffff:127.0.0.1]"]) {
      expect({ host, ...(await talk(host)) }).toEqual({ host, stdout: "größer? ja TimeoutError\n", stderr: "" });
    }
    expect(proxy.seen()).toBe("");
    await expect(talk("mesh.example")).rejects.toThrow();
    expect(proxy.seen()).toContain("mesh.example");
  },
);

function fileOf(name: string): string {
  const file = join(app.path, "node_modules", folderOf(name), programs.get(name)?.path ?? "");
  chmodSync(file, 0o755);
  return file;
}

/** Where npm puts it: there may be two of one package. */
function folderOf(name: string): string {
  return `runtime-${name.replaceAll(/[ .]/g, "-")}`;
}

function linuxLibc(): string {
  return process.platform === "linux" ? "-glibc" : "";
}
