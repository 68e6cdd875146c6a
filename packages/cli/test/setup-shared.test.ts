/** What setup writes for more than one machine or person: project files, dotfiles, and the settings of who manages it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import { programLine } from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Home } from "./home.ts";

const canMount = process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0;
const named = (...names: string[]) => names.flatMap((name) => ["--client", name]);
const Report = z.object({
  remarks: z.array(z.string()),
  clients: z.array(
    z.object({
      client: z.string(),
      shutOut: z.array(z.object({ file: z.string(), key: z.string(), says: z.string() })),
    }),
  ),
});

describe("setup --project", () => {
  test("writes nothing of this machine into files that are shared, and says what was left out", async () => {
    using home = new Home();
    const all = named("claude-code", "codex", "opencode", "pi", "gemini", "copilot", "qwen", "cursor", "openclaw");
    const machine = { AGENTMESH_URL: "http://127.0.0.1:7998", AGENTMESH_PORT: "7998" };
    const { code, stdout, stderr } = await home.run(
      ["setup", "--yes", "--project", "--allow-tools", "--home", join(home.path, "mesh"), ...all],
      machine,
    );
    expect(code).toBe(0);
    expect(stdout).toContain("it has no configuration of a project");
    expect(stderr).toContain(
      "so what this machine has for AGENTMESH_HOME, AGENTMESH_URL, AGENTMESH_PORT is not in them",
    );
    expect(stderr).toContain("agentmesh setup (without --project)");
    const files = home.files();
    expect(Object.keys(files)).toEqual(
      [
        ".claude/settings.local.json",
        ".claude/settings.local.json.agentmesh-setup",
        ".codex/config.toml",
        ".cursor/mcp.json",
        ".gemini/settings.json",
        ".github/mcp.json",
        ".mcp.json",
        ".pi/settings.json",
        ".pi/settings.json.agentmesh-setup",
        ".qwen/settings.json",
        "opencode.json",
        "opencode.json.agentmesh-setup",
      ].sort(),
    );
    for (const [name, text] of Object.entries(files)) {
      expect.soft(text, name).not.toMatch(/7998|127\.0\.0\.1|AGENTMESH_HOME":|AGENTMESH_HOME =|main\.js|file:/);
      expect.soft(text, name).not.toContain(home.path);
      expect.soft(text, name).not.toContain(process.execPath);
    }
    expect(home.read(".mcp.json")).toContain(`"agentmesh-mcp@${VERSION}"`);
    expect(home.read("opencode.json")).toContain(`"opencode-agentmesh@${VERSION}"`);
    expect(home.read(".pi/settings.json")).toContain(`"npm:pi-agentmesh@${VERSION}"`);
    expect((await home.run(["uninstall", "--yes", "--project"])).code).toBe(0);
    expect(home.files()).toEqual({});
  });

  test("takes out of shared files what an older setup wrote of its machine", async () => {
    using home = new Home({
      ".mcp.json": JSON.stringify({
        mcpServers: {
          agentmesh: {
            command: "/old/node",
            args: ["/x/mcp/dist/main.js"],
            env: { AGENTMESH_SETUP: "1", AGENTMESH_HOME: "/h", MINE: "1" },
          },
        },
      }),
    });
    await home.run(["setup", "--yes", "--project", ...named("claude-code")]);
    expect(JSON.parse(home.read(".mcp.json"))).toMatchObject({
      mcpServers: { agentmesh: { command: "npx", env: { AGENTMESH_SETUP: "1", MINE: "1" } } },
    });
    expect(home.read(".mcp.json")).not.toMatch(/\/old|\/h"/);
  });

  test("a command of this machine is written as given, and said", async () => {
    using home = new Home();
    const { stderr } = await home.run([
      "setup",
      "--yes",
      "--project",
      "--command",
      "/opt/box/agentmesh-mcp",
      ...named("cursor"),
    ]);
    expect(stderr).toContain("--command names what may be on this machine only: /opt/box/agentmesh-mcp");
  });
});

test("configuration that is kept in a git repository, as dotfiles are, is written and said", async () => {
  using home = new Home({ "dotfiles/codex/config.toml": "a = 1\n", "dotfiles/.git": "gitdir: elsewhere\n" });
  mkdirSync(join(home.path, ".codex"));
  symlinkSync("../dotfiles/codex/config.toml", join(home.path, ".codex/config.toml"));
  const { stderr } = await home.run(["setup", "--yes", ...named("codex")]);
  expect(stderr).toContain(
    "~/.codex/config.toml is kept in the git repository ~/dotfiles, and what was written names paths of this machine",
  );
  expect(stderr).not.toContain("hooks.json is kept");
});

describe("settings that keep out what setup writes", () => {
  test("are told with file and key, in words and in JSON, and stay as they are", async () => {
    const theirs = {
      ".claude/settings.json": {
        permissions: { deny: ["Bash(rm)", "mcp__agentmesh__send_message"], ask: ["mcp__*"] },
        deniedMcpServers: [{ serverName: "agentmesh" }],
        allowedMcpServers: [{ serverName: "github" }],
        disableAllHooks: true,
      },
      ".claude/remote-settings.json": { allowManagedHooksOnly: true, strictPluginOnlyCustomization: ["mcp"] },
      ".claude.json": {
        projects: { "/src/a b": { disabledMcpServers: ["agentmesh"] }, "/src/c": { disabledMcpServers: ["x"] } },
      },
      ".gemini/settings.json": {
        mcp: { allowed: ["x"], excluded: ["agentmesh"] },
        hooksConfig: { enabled: false, disabled: ["agentmesh"] },
      },
      ".gemini/mcp-server-enablement.json": { agentmesh: { enabled: false } },
      ".copilot/settings.json": { disabledMcpServers: ["x", "agentmesh"], experimental: false, disableAllHooks: true },
      ".qwen/settings.json": {
        mcp: { allowed: ["x"], excluded: ["agentmesh"] },
        permissions: { deny: ["mcp__agentmesh__reply"] },
        agents: { crossSessionMessaging: false, crossSessionInbound: "hold" },
        disableAllHooks: true,
      },
      ".cursor/cli-config.json": { permissions: { deny: ["Mcp(agentmesh:*)"] } },
      ".config/opencode/opencode.json": {
        tools: { "agentmesh_*": false },
        permission: { agentmesh_send_message: "deny" },
      },
      ".pi/agent/mcp.json": { mcpServers: { agentmesh: { command: "agentmesh-mcp" } } },
      ".pi/agent/settings.json": { codemode: { mode: "only" } },
      ".openclaw/openclaw.json": { tools: { deny: ["agentmesh__*"] } },
    };
    using home = new Home(
      Object.fromEntries(Object.entries(theirs).map(([name, value]) => [name, JSON.stringify(value)])),
    );
    home.write(".codex/config.toml", "[features]\nhooks = false\n");
    home.write(".cursor/x", "");
    await home.run(["setup", "--yes"]);
    home.write(
      ".codex/config.toml",
      home.read(".codex/config.toml").replace("command =", "enabled = false\ncommand ="),
    );
    const { stdout } = await home.run(["setup", "--yes", "--json"]);
    const told = Report.parse(JSON.parse(stdout)).clients.flatMap(({ shutOut }) =>
      shutOut.map(({ file, key }) => `${file.replace(`${home.path}/`, "")} ${key}`),
    );
    expect(told.sort()).toEqual(
      [
        ".claude/settings.json permissions.deny",
        ".claude/settings.json permissions.ask",
        ".claude/settings.json deniedMcpServers",
        ".claude/settings.json allowedMcpServers",
        ".claude/settings.json disableAllHooks",
        ".claude/remote-settings.json allowManagedHooksOnly",
        ".claude/remote-settings.json strictPluginOnlyCustomization",
        '.claude.json projects["/src/a b"].disabledMcpServers',
        ".codex/config.toml mcp_servers.agentmesh.enabled",
        ".codex/config.toml features.hooks",
        ".gemini/settings.json mcp.allowed",
        ".gemini/settings.json mcp.excluded",
        ".gemini/settings.json hooksConfig.enabled",
        ".gemini/settings.json hooksConfig.disabled",
        ".gemini/mcp-server-enablement.json agentmesh.enabled",
        ".copilot/settings.json disabledMcpServers",
        ".copilot/settings.json experimental",
        ".copilot/settings.json disableAllHooks",
        ".qwen/settings.json mcp.allowed",
        ".qwen/settings.json mcp.excluded",
        ".qwen/settings.json permissions.deny",
        ".qwen/settings.json agents.crossSessionMessaging",
        ".qwen/settings.json agents.crossSessionInbound",
        ".qwen/settings.json disableAllHooks",
        ".cursor/cli-config.json permissions.deny",
        ".config/opencode/opencode.json tools.agentmesh_*",
        ".config/opencode/opencode.json permission.agentmesh_send_message",
        ".pi/agent/mcp.json mcpServers.agentmesh",
        ".pi/agent/settings.json codemode.mode",
        ".openclaw/openclaw.json tools.deny",
      ].sort(),
    );
    const words = await home.run(["setup", "--yes"]);
    expect(words).toMatchObject({ code: 0 });
    expect(words.stdout).toMatch(
      /shut out +~\/\.claude\/settings\.json {2}permissions\.deny: the tools of agentmesh, or some of them, are denied/,
    );
    expect(home.read(".codex/config.toml")).toContain("enabled = false");
    for (const [name, value] of Object.entries(theirs)) expect(JSON.parse(home.read(name))).toMatchObject(value);
  });

  test("are not told where they let agentmesh in", async () => {
    using home = new Home({
      ".claude/settings.json": JSON.stringify({
        permissions: { deny: ["mcp__agentmesher", "mcp__github__*"], allow: ["mcp__agentmesh"] },
        deniedMcpServers: [{ serverName: "github" }],
        allowedMcpServers: [{ serverName: "agentmesh" }],
        disabledMcpjsonServers: ["agentmesh"],
        disableAllHooks: false,
      }),
      ".gemini/settings.json": JSON.stringify({ mcp: { allowed: ["agentmesh"], excluded: ["x"] } }),
      ".codex/config.toml": "[mcp_servers.x]\nenabled = false\n",
    });
    const { stdout } = await home.run(["setup", "--yes", "--json"]);
    expect(Report.parse(JSON.parse(stdout)).clients.flatMap(({ shutOut }) => shutOut)).toEqual([]);
  });

  test.skipIf(!canMount)("of who manages the machine are told too (needs root and unshare)", () => {
    using home = new Home({ ".codex/x": "", ".claude/x": "", ".gemini/x": "" });
    const managed = {
      "etc/claude-code/managed-mcp.json": JSON.stringify({ mcpServers: { theirs: { command: "x" } } }),
      "etc/claude-code/managed-settings.json": JSON.stringify({ allowManagedHooksOnly: true, allowedMcpServers: [] }),
      "etc/claude-code/managed-settings.d/10.json": JSON.stringify({ deniedMcpServers: [{ serverName: "agentmesh" }] }),
      "etc/codex/requirements.toml": 'allow_managed_hooks_only = true\n[mcp_servers.docs.identity]\ncommand = "x"\n',
      "etc/gemini-cli/settings.json": JSON.stringify({ admin: { mcp: { enabled: false } } }),
    };
    for (const [name, text] of Object.entries(managed)) home.write(name, text);
    const line = programLine("cli", ["setup", "--yes", "--json"]);
    const { stdout } = spawnSync("unshare", ["-m", "/bin/sh", "-c", `mount --bind etc /etc && ${line}`], {
      env: { ...home.env(), PATH: "/usr/bin:/bin" },
      cwd: home.path,
      encoding: "utf8",
    });
    const told = Report.parse(JSON.parse(stdout)).clients.flatMap(({ shutOut }) =>
      shutOut.map(({ file, key }) => `${file} ${key}`),
    );
    expect(told.sort()).toEqual([
      "/etc/claude-code/managed-mcp.json mcpServers",
      "/etc/claude-code/managed-settings.d/10.json deniedMcpServers",
      "/etc/claude-code/managed-settings.json allowManagedHooksOnly",
      "/etc/claude-code/managed-settings.json allowedMcpServers",
      "/etc/codex/requirements.toml allow_managed_hooks_only",
      "/etc/codex/requirements.toml mcp_servers",
      "/etc/gemini-cli/settings.json admin.mcp.enabled",
    ]);
    for (const [name, text] of Object.entries(managed)) expect(home.read(name)).toBe(text);
  });
});
