/** Every program on a Node that is too old for it: a sentence with its remedy, and for a hook silence. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cleanEnv, programArgs, tempDir, watched } from "testkit";
import { expect, test } from "vitest";

const example = fileURLToPath(new URL("../../../examples/run.js", import.meta.url));

/** How a program ends on a Node that says it is of this version. */
async function on(node: string, args: readonly string[]) {
  using home = tempDir();
  const code = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } });`;
  const pretends = `--import=data:text/javascript,${encodeURIComponent(code)}`;
  const env = cleanEnv({ AGENTMESH_HOME: home.path });
  const running = watched(spawn(process.execPath, [pretends, ...args], { env, stdio: ["ignore", "pipe", "pipe"] }));
  return { ...(await running.exit), stdout: running.stdout(), stderr: running.stderr() };
}

const programs: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ["agentmesh", programArgs("cli", ["--version"]), 1, /Install a newer one from https:\/\/nodejs\.org/],
  ["agentmesh-broker", programArgs("broker", ["--help"]), 72, /Install a newer one from https:\/\/nodejs\.org/],
  ["agentmesh-mcp", programArgs("mcp", ["--version"]), 1, /name its full path as the command/],
  ["The examples", [example, "two-agents"], 1, /npx -y pnpm@12 example two-agents$/],
];

test.each(programs)("%s says which Node it needs, which this is, and what to do", async (name, args, code, remedy) => {
  for (const node of ["18.20.8", "20.20.2", "22.17.1"]) {
    const ended = await on(node, args);
    expect(ended).toMatchObject({ code, stdout: "" });
    const said = ended.stderr.trimEnd();
    expect(said).toMatch(new RegExp(`^${name} needs? Node 22\\.18 or newer[;,] .*${node.replaceAll(".", "\\.")} \\(/`));
    expect(said).toMatch(remedy);
    // Nothing is told to come from a registry where it is not yet.
    expect(said).not.toMatch(/npx -y (?!pnpm)|\n/);
  }
});

test("a hook says nothing there: what it prints is shown at every prompt", async () => {
  const ended = await on("20.20.2", programArgs("mcp", ["hook", "prompt"]));
  expect(ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
});

test("the first that is new enough, and the first of another line, are taken", async () => {
  for (const node of ["22.18.0", "23.6.0", "100.0.0"]) {
    expect(await on(node, programArgs("cli", ["--version"]))).toMatchObject({ code: 0, stderr: "" });
  }
});

test("an example that there is not is answered with those that there are, and on an old Node too", async () => {
  for (const node of ["18.20.8", process.versions.node]) {
    const ended = await on(node, [example, "three-agents"]);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("two-agents") });
    expect(ended.stderr).toContain('"three-agents"');
  }
});
