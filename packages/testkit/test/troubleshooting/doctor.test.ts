/** docs/troubleshooting/doctor.md: something is wrong, and it is not known what. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  cleanEnv,
  commandScreen,
  freePort,
  programPath,
  runProgram,
  startTestBroker,
  tempDir,
  troublePage,
  troublePath,
} from "testkit";
import { expect, test } from "vitest";

test("docs/troubleshooting/doctor.md is what the doctor says", async () => {
  using folder = tempDir();
  const home = join(folder.path, "ada");
  const state = join(home, ".agentmesh");
  const files = {
    ".cursor/mcp.json": '{ "mcpServers": { broken',
    ".npm/_npx/0a1b2c3d/node_modules/agentmesh/package.json": JSON.stringify({ version: "0.0.9" }),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  mkdirSync(join(home, ".codex"));
  const port = await freePort();
  const env = cleanEnv({
    HOME: home,
    AGENTMESH_HOME: undefined,
    npm_config_cache: undefined,
    AGENTMESH_PORT: String(port),
    PATH: join(home, "bin"),
    NO_COLOR: "1",
  });
  const run = async (typed: string) =>
    commandScreen(typed, await runProgram("cli", typed.split(" ").slice(1), { env, cwd: home }));

  await using broker = await startTestBroker({ home: state });
  await run("agentmesh setup --client codex --yes");
  const config = join(home, ".codex/config.toml");
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace(programPath("mcp"), join(folder.path, "old/mcp/dist/main.js")),
  );
  chmodSync(state, 0o755);
  chmodSync(join(state, "key"), 0o644);
  const seen = [await run("agentmesh doctor"), await run("agentmesh doctor --fix")];

  const page = troublePage({
    title: "The doctor",
    about:
      "`agentmesh doctor` looks at what agentmesh rests on here, and names the command that mends what is wrong. It is the first thing to run when it is not known what is the matter, and what to put into a report.",
    standIns: [
      [home, "/home/ada"],
      [folder.path, "/home"],
      [programPath("mcp"), "/usr/lib/node_modules/agentmesh-mcp/dist/main.js"],
      [process.execPath, "/usr/bin/node"],
      [broker.port, "7899"],
    ],
    troubles: [
      {
        symptom: "Something is wrong and you do not know what",
        about:
          "What `--fix` mends is said, and then it is looked at again. A file of a client that cannot be parsed is a person's to mend, and what npx keeps may be wanted.",
        screens: seen,
      },
    ],
  });
  const settledPage = page
    .replaceAll(/\d+(?:\.\d+)? [GM]iB free/g, "70 GiB free")
    .replaceAll(/as are the \d+ files/g, "as are the 9 files");
  await expect(settledPage).toMatchFileSnapshot(troublePath("doctor"));
});
