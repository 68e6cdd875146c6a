/** Which command setup writes for the adapter, by how the command line itself was installed. */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { type AdapterTerms, adapterCommand, originOf } from "../src/setup/adapter-command.ts";
import { readConfig } from "../src/setup/config/file.ts";
import { jsonFile } from "../src/setup/config/json-file.ts";
import { serverEntry } from "../src/setup/config/server-entry.ts";
import { carryOut } from "../src/setup/plan.ts";

const npx = ["npx", "-y", `agentmesh-mcp@${VERSION}`];
const terms = (adapter: string, more: Partial<AdapterTerms> = {}): AdapterTerms => ({
  adapter,
  execPath: "/opt/node/bin/node",
  env: {},
  platform: "linux",
  versions: { node: "24.21.0" },
  shared: false,
  ...more,
});

describe("the adapter's command", () => {
  test.each([
    ["/home/me/.npm/_npx/ab12/node_modules/agentmesh-mcp/dist/main.js", "passing"],
    ["/home/me/.cache/pnpm/dlx-ab12/node_modules/agentmesh-mcp/dist/main.js", "passing"],
    ["C:\\Users\\me\\AppData\\Local\\npm-cache\\_npx\\ab\\node_modules\\agentmesh-mcp\\dist\\main.js", "passing"],
    ["/usr/lib/node_modules/agentmesh/node_modules/agentmesh-mcp/dist/main.js", "installed"],
    ["/home/me/.local/share/pnpm/global/5/.pnpm/agentmesh-mcp@1/node_modules/agentmesh-mcp/dist/main.js", "installed"],
    ["/home/me/src/agentmesh/packages/mcp/dist/main.js", "checkout"],
  ])("of %s is %s", (adapter, origin) => {
    expect(originOf(adapter)).toBe(origin);
  });

  test("from a cache that passes, or in a configuration that is shared, is npx with this version and no hook", () => {
    const passing = terms("/home/me/.npm/_npx/ab12/node_modules/agentmesh-mcp/dist/main.js");
    expect(adapterCommand(passing)).toEqual({
      words: ["/usr/bin/env", "PATH=/opt/node/bin:/usr/local/bin:/usr/bin:/bin", ...npx],
      hookless: expect.stringContaining("npm install -g agentmesh"),
    });
    expect(adapterCommand({ ...passing, platform: "win32" }).words).toEqual(["cmd", "/c", ...npx]);
    const installed = terms("/usr/lib/node_modules/agentmesh-mcp/dist/main.js", { shared: true });
    expect(adapterCommand(installed).words).toEqual(npx);
  });

  test("of a project's own dependency is npx too: it goes with the project", () => {
    using folder = tempDir();
    writeFileSync(join(folder.path, "package.json"), "{}");
    expect(originOf(join(folder.path, "node_modules/agentmesh-mcp/dist/main.js"))).toBe("passing");
  });

  test("of an installation is Node and the file: programs with windows and services have no PATH of a shell", () => {
    using folder = tempDir();
    const root = realpathSync(folder.path);
    const entry = join(root, "lib/node_modules/agentmesh-mcp/dist/main.js");
    const place = (path: string) => join(root, path);
    mkdirSync(dirname(entry), { recursive: true });
    writeFileSync(entry, "", { mode: 0o755 });
    writeFileSync(place("node"), "", { mode: 0o755 });
    for (const bin of ["bin", "run/fnm_multishells/7_1/bin"]) {
      mkdirSync(place(bin), { recursive: true });
      symlinkSync(entry, join(place(bin), "agentmesh-mcp"));
      symlinkSync(place("node"), join(place(bin), "node"));
    }
    // Elsewhere the temporary folder would do for a fleeting one.
    const env = { TMPDIR: "/nowhere" };
    const at = (...folders: string[]) =>
      adapterCommand(terms(entry, { execPath: place("node"), env: { ...env, PATH: folders.join(":") } })).words;

    expect(at("/nowhere")).toEqual([place("node"), entry]);
    // What fnm makes for one shell goes with it, and a folder that is not whole means another one elsewhere.
    expect(at(place("run/fnm_multishells/7_1/bin"), "bin")).toEqual([place("node"), entry]);
    const { hook } = adapterCommand(terms(entry, { execPath: place("node"), env: { PATH: place("bin") } }));
    expect(hook).toBe(`${place("node")} --jitless ${entry}`);
  });

  test("is quoted for the shell that runs hooks", () => {
    const adapter = "/home/me/my $src/packages/mcp/src/main.ts";
    expect(adapterCommand(terms(adapter))).toEqual({
      words: ["/opt/node/bin/node", "/home/me/my $src/packages/mcp/dist/main.js"],
      hook: '/opt/node/bin/node --jitless "/home/me/my \\$src/packages/mcp/dist/main.js"',
    });
    const windows = terms("C:\\my src\\packages\\mcp\\dist\\main.js", {
      execPath: "C:\\node\\node.exe",
      platform: "win32",
    });
    expect(adapterCommand(windows).hook).toBe(
      '"C:\\node\\node.exe" --jitless "C:\\my src\\packages\\mcp\\dist\\main.js"',
    );
  });

  test("of a hook is without a flag where Node would warn of it, and where it is not Node that runs it", () => {
    const adapter = "/usr/lib/node_modules/agentmesh-mcp/dist/main.js";
    for (const versions of [{ node: "22.18.0" }, { node: "23.11.0" }, { node: "24.21.0", bun: "1.3.14" }]) {
      expect(adapterCommand(terms(adapter, { versions })).hook).toBe(`/opt/node/bin/node ${adapter}`);
    }
  });
});

test("what a client writes between plan and change is kept", () => {
  using folder = tempDir();
  const path = join(folder.path, "settings.json");
  const server = { command: "npx", args: [], env: { AGENTMESH_SETUP: "1" } };
  const file = jsonFile({ path, entries: [serverEntry(["mcpServers", "agentmesh"], server)] });
  writeFileSync(path, '{"a": 1}');
  const edition = file.install('{"a": 1}', { replace: false, before: undefined });
  writeFileSync(path, '{"a": 2}');
  const outcome = carryOut({ file, from: '{"a": 1}', edition }, { verb: "setup", replace: false, shared: false });
  expect(JSON.parse(readConfig(path) ?? "")).toEqual({ a: 2, mcpServers: { agentmesh: server } });
  expect(readConfig(outcome.backup ?? "")).toBe('{"a": 2}');
});
