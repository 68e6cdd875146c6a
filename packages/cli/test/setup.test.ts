/** `agentmesh setup` and `agentmesh uninstall` in a home directory of their own: what they write, keep, refuse and say. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { startInTerminal, until, whyNoTerminals } from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Home } from "./home.ts";

const Server = z.object({ command: z.string(), args: z.array(z.string()), env: z.record(z.string(), z.string()) });
const Servers = z.object({ mcpServers: z.record(z.string(), Server) });
const Hooks = z.object({
  hooks: z.record(z.string(), z.array(z.object({ hooks: z.array(z.looseObject({ command: z.string() })) }))),
});
const Report = z.object({
  adapter: z.array(z.string()),
  clients: z.array(
    z.object({
      client: z.string(),
      found: z.object({ program: z.string().optional(), version: z.string().optional() }).nullable(),
      files: z.array(z.object({ path: z.string(), action: z.string(), backup: z.string().optional() })),
    }),
  ),
});

const notify = { hooks: [{ type: "command", command: "notify-send done" }] };

describe("a round trip", () => {
  test("over odd files of every client adds our entries, then nothing, then takes them out byte for byte", async () => {
    using home = new Home({
      ".claude.json": '\uFEFF{\r\n  "numStartups": 3,\r\n  "mcpServers": {"github": {"command": "gh-mcp"},},\r\n}',
      ".claude/settings.json": `// mine\n${JSON.stringify({ hooks: { Stop: [notify] } }, undefined, "\t")}`,
      ".codex/config.toml": 'model = "gpt"\r\n# the end',
      ".codex/hooks.json": "",
      ".config/opencode/opencode.jsonc": '{\n  // plugins\n  "plugin": ["other"], /* x */\n}\n',
      ".config/kilo/kilo.jsonc": '// mine\n{ "plugin": [], "model": "x/y", }\n',
      ".pi/agent/settings.json":
        '{"packages": ["npm:other", {"source": "npm:third@1", "skills": []}],\r\n "theme": "dark"}',
      ".openclaw/openclaw.json": "{\n  gateway: { port: 18789, },\n  hooks: { enabled: false },\n}\n",
      ".gemini/settings.json": "{}",
      ".copilot/mcp-config.json": '{"mcpServers":{"x":{"type":"local","command":"x"}}}',
      ".copilot/settings.json": '// kept\n{\n\t"footer": {"showQuota": false}, // mine\n}\n',
      ".copilot/hooks/agentmesh.json": JSON.stringify({ version: 1, hooks: { Stop: [notify] } }),
      ".qwen/settings.json": '{\r\n  "hooks": {"Stop": [], },\r\n  /* a model */ "model": {"name": "q"}\r\n}',
      ".cursor/mcp.json": '{ "mcpServers": { broken',
    });
    chmodSync(join(home.path, ".claude.json"), 0o640);
    const before = home.files();

    const first = await home.run(["setup", "--yes"]);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("error: Not all could be done for Cursor");
    expect(first.stdout).toMatch(/refused +~\/\.cursor\/mcp\.json +it cannot be parsed: .* \(line 1, column 19\)/);
    const after = home.files();
    expect(after[".cursor/mcp.json"]).toBe(before[".cursor/mcp.json"]);
    for (const name of Object.keys(before).filter((one) => !one.startsWith(".cursor"))) {
      const ours = /opencode|kilo/.test(name)
        ? /"opencode-agentmesh@\d|packages\/opencode\/dist\/index\.js/
        : name.startsWith(".pi/")
          ? /"npm:pi-agentmesh@\d|packages\/pi"/
          : name === ".copilot/settings.json"
            ? /"experimental": true/
            : /AGENTMESH_SETUP|main\.js hook (claude|codex|copilot|qwen)/;
      expect.soft(home.read(name), name).toMatch(ours);
      const copy = Object.keys(after).filter((one) => one.startsWith(`${name}.agentmesh-backup-`));
      expect.soft(copy, name).toHaveLength(1);
      expect.soft(after[copy[0] ?? ""]).toBe(`100600 ${before[name]?.slice("100600 ".length)}`);
    }

    const second = await home.run(["setup", "--yes"]);
    expect(second.stdout).not.toMatch(/wrote|updated|backup/);
    expect(home.files()).toEqual(after);

    const out = await home.run(["uninstall", "--yes"]);
    expect(out).toMatchObject({ code: 0 });
    expect(out.stdout).toContain("byte for byte as it was before");
    expect(home.files()).toEqual(before);
    expect((await home.run(["uninstall", "--yes"])).stdout).toContain("Nothing of agentmesh is in the configuration");
  });

  test("makes files that were missing, for their owner only, and removes them again", async () => {
    using home = new Home();
    const clients = [
      "claude-code",
      "codex",
      "opencode",
      "kilo",
      "pi",
      "gemini",
      "copilot",
      "qwen",
      "openclaw",
      "cursor",
    ];
    const named = clients.flatMap((name) => ["--client", name]);
    expect(await home.run(["setup", "--yes", ...named])).toMatchObject({ code: 0 });
    const made = home.files();
    expect(Object.keys(made)).toHaveLength(20);
    expect(Object.values(made).every((text) => text.startsWith("100600 "))).toBe(true);
    expect(await home.run(["uninstall", "--yes"])).toMatchObject({ code: 0 });
    expect(home.files()).toEqual({});
  });

  test("leaves every entry of agentmesh that a person wrote, with and without a setup before", async () => {
    const hook = "AGENTMESH_HOME=/srv/mesh node /opt/agentmesh-mcp/dist/main.js hook claude --home /srv/mesh";
    using home = new Home({
      ".claude/settings.json": JSON.stringify({
        permissions: { allow: ["Bash(ls)", "mcp__agentmesh"] },
        hooks: { UserPromptSubmit: [{ matcher: "x", hooks: [{ type: "command", command: hook, timeout: 10 }] }] },
      }),
      ".codex/hooks.json": JSON.stringify({
        hooks: { Stop: [{ hooks: [{ type: "command", command: "agentmesh-mcp hook codex", timeout: 9 }] }] },
      }),
      ".config/opencode/opencode.json": '{ "plugin": ["opencode-agentmesh@0.1.0", "other"] }',
      ".pi/agent/settings.json": '{ "packages": [{ "source": "npm:pi-agentmesh@0.1.0", "skills": [] }] }',
      ".openclaw/openclaw.json": '{ hooks: { enabled: true, token: "agentmesh-my-own-token" } }',
    });
    const before = home.files();
    const first = await home.run(["uninstall", "--yes"]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/hook claude --home \/srv\/mesh.*\(your own hooks are left as they are\)/);
    expect(home.files()).toEqual(before);

    const { code, stdout } = await home.run(["setup", "--yes", "--allow-tools"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /yours +~\/\.claude\/settings\.json .*hooks UserPromptSubmit: AGENTMESH_HOME=.*left as they are/,
    );
    expect(stdout).toMatch(/backup +~\/\.claude\/settings\.json\.agentmesh-backup-/);
    const { hooks } = home.json(".claude/settings.json", Hooks);
    expect(hooks.UserPromptSubmit).toHaveLength(1);
    expect(hooks.UserPromptSubmit?.[0]?.hooks).toEqual([{ type: "command", command: hook, timeout: 10 }]);
    expect(home.read(".config/opencode/opencode.json")).toBe('{ "plugin": ["opencode-agentmesh@0.1.0", "other"] }');
    expect(home.read(".pi/agent/settings.json")).toContain('{ "source": "npm:pi-agentmesh@0.1.0", "skills": [] }');
    expect(await home.run(["uninstall", "--yes"])).toMatchObject({ code: 0 });
    expect(home.files()).toEqual(before);
  });

  test("a second setup leaves what a person changed at its hooks", async () => {
    using home = new Home({ ".codex/config.toml": "" });
    await home.run(["setup", "--yes"]);
    const written = home.read(".codex/hooks.json");
    const changed = written
      .replace('"timeout": 5', '"timeout": 30')
      .replace('"hooks": [', '"matcher": "Bash",\n"hooks": [');
    home.write(".codex/hooks.json", changed);
    await home.run(["setup", "--yes"]);
    expect(home.read(".codex/hooks.json")).toBe(changed);
    home.write(".codex/hooks.json", changed.replaceAll("main.js hook", "main.js  --old hook"));
    expect((await home.run(["setup", "--yes"])).stdout).toMatch(/updated +~\/\.codex\/hooks\.json/);
    expect(home.read(".codex/hooks.json")).toBe(changed);
  });

  test("a backup that was kept is not taken for what was before a later setup", async () => {
    using home = new Home({ ".codex/config.toml": "", ".codex/hooks.json": '{ "a": 1 }' });
    await home.run(["setup", "--yes"]);
    home.write(".codex/hooks.json", home.read(".codex/hooks.json").replace('"a": 1', '"a": 2'));
    await home.run(["uninstall", "--yes"]);
    rmSync(join(home.path, ".codex/hooks.json"));
    await home.run(["setup", "--yes"]);
    await home.run(["uninstall", "--yes"]);
    expect(existsSync(join(home.path, ".codex/hooks.json"))).toBe(false);
  });

  test("keeps what others wrote in between, and then the backup too", async () => {
    using home = new Home({ ".claude.json": '{\n  "a": 1\n}\n' });
    await home.run(["setup", "--yes"]);
    home.write(".claude.json", home.read(".claude.json").replace('"a": 1', '"a": 2'));
    const { stdout } = await home.run(["uninstall", "--yes"]);
    expect(home.read(".claude.json")).toBe('{\n  "a": 2\n}\n');
    expect(stdout).toMatch(/backup +~\/\.claude\.json\.agentmesh-backup-.* kept/);
    expect(Object.keys(home.files())).toHaveLength(2);
  });

  test("backs up a file of its own making that others have written into since", async () => {
    using home = new Home({ ".cursor/x": "" });
    await home.run(["setup", "--yes"]);
    const grown = home.read(".cursor/mcp.json").replace("{", '{ "theirs": 1,');
    home.write(".cursor/mcp.json", grown);
    const { stdout } = await home.run(["uninstall", "--yes"]);
    expect(stdout).toMatch(/backup +~\/\.cursor\/mcp\.json\..*\.kept +as the file was before agentmesh changed it/);
    expect(JSON.parse(home.read(".cursor/mcp.json"))).toEqual({ theirs: 1 });
    const copy = Object.keys(home.files()).find((name) => name.endsWith(".kept"));
    expect(home.read(copy ?? "")).toBe(grown);
  });
});

describe("setup", () => {
  test("finds clients by their program or their folder, and says version, files, check and restart", async () => {
    using home = new Home({ ".gemini/x": "" });
    home.program("claude", "2.1.330 (Claude Code)");
    const { stdout, code } = await home.run(["setup", "--yes"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Claude Code 2.1.330  ~/bin/claude\n");
    expect(stdout).toContain("Gemini CLI  no program on PATH, but ~/.gemini is there\n");
    expect(stdout).not.toContain("Codex");
    expect(stdout).toMatch(/wrote +~\/\.claude\.json +MCP server agentmesh\n/);
    expect(stdout).toMatch(
      /wrote +~\/\.claude\/settings\.json +hooks SessionStart, UserPromptSubmit, PostToolUse, Stop, Notification\n/,
    );
    expect(stdout).toMatch(/check +claude mcp list\n.*restart +open sessions/s);
  });

  test("looks where the clients' own variables say", async () => {
    using home = new Home();
    const at = (name: string) => join(home.path, "elsewhere", name);
    for (const name of ["codex", "oc"]) mkdirSync(at(name), { recursive: true });
    const variables = {
      CLAUDE_CONFIG_DIR: at("claude"),
      CODEX_HOME: at("codex"),
      GEMINI_CLI_HOME: at("gemini"),
      XDG_CONFIG_HOME: at("xdg"),
      PI_CODING_AGENT_DIR: at("pi"),
      OPENCLAW_STATE_DIR: at("oc"),
    };
    const clients = ["claude-code", "codex", "gemini", "opencode", "pi", "openclaw"];
    const names = clients.flatMap((name) => ["--client", name]);
    expect(await home.run(["setup", "--yes", ...names], variables)).toMatchObject({ code: 0 });
    expect(Object.keys(home.files()).map((name) => name.replace("elsewhere/", ""))).toEqual([
      "claude/.claude.json",
      "claude/settings.json",
      "codex/config.toml",
      "codex/hooks.json",
      "gemini/.gemini/settings.json",
      "oc/agentmesh-hooks-token",
      "oc/openclaw.json",
      "pi/settings.json",
      "pi/settings.json.agentmesh-setup",
      "xdg/opencode/opencode.json",
      "xdg/opencode/opencode.json.agentmesh-setup",
    ]);
  });

  test("a dry run shows the difference without secrets, writes nothing, and exits 6 only when it is asked whether there is one", async () => {
    using home = new Home({
      ".claude.json": '{\n  "mcpServers": {\n    "x": {\n      "env": { "API_TOKEN": "hush" }\n    }\n  }\n}\n',
    });
    const before = home.files();
    const dry = await home.run(["setup", "--dry-run"]);
    expect(dry).toMatchObject({ code: 0, stderr: "" });
    expect(await home.run(["setup", "--dry-run", "--exit-code"])).toMatchObject({ code: 6, stdout: dry.stdout });
    expect(dry.stdout).toContain("--- ~/.claude.json\n+++ ~/.claude.json\n@@ -2,6 +2,");
    expect(dry.stdout).toContain('+    "agentmesh": {\n');
    expect(dry.stdout).toContain('"API_TOKEN": "…"');
    expect(dry.stdout).not.toContain("hush");
    expect(dry.stdout).toContain("Nothing was written. Files that would change: 2\n");
    expect(home.files()).toEqual(before);
    await home.run(["setup", "--yes"]);
    expect(await home.run(["setup", "--dry-run", "--exit-code"])).toMatchObject({ code: 0 });
    expect(await home.run(["uninstall", "--dry-run", "--exit-code"])).toMatchObject({ code: 6 });
    expect(await home.run(["uninstall", "--exit-code"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("a dry run shows no string of a person's, in whatever form, and no token of its own", async () => {
    const servers = {
      a: { args: ["--api-key", "sk-LEAK1"], env: { GITHUB_PAT: "LEAK2", MY_TOKEN: 'a"LEAK4' } },
      b: { url: "https://u:LEAK5@h/", headers: { Cookie: "LEAK6" } },
    };
    using home = new Home({
      ".claude.json": JSON.stringify({ mcpServers: servers }, undefined, 1),
      ".cursor/mcp.json": JSON.stringify({ mcpServers: servers }),
      ".codex/config.toml": `# LEAK7\nA = """LEAK8\nLEAK9"""\nB = ["LEAK10", 'LEAK11\\']\nC = "LEAK12"\n`,
      ".openclaw/openclaw.json": "{ gateway: { auth: 'LEAK13' } /* LEAK14 */ }\n",
    });
    const dry = await home.run(["setup", "--dry-run"]);
    expect(dry.stdout).not.toContain("LEAK");
    expect(dry.stdout).toMatch(/\+ +"command": ".*node/);
    expect(dry.stdout).toContain('"AGENTMESH_SETUP": "1"');
    expect(dry.stdout).toContain("+# >>> agentmesh setup");
    await home.run(["setup", "--yes"]);
    const token = home.read(".openclaw/agentmesh-hooks-token").trim();
    const out = await home.run(["uninstall", "--dry-run"]);
    expect(out.stdout).not.toMatch(/LEAK/);
    expect(out.stdout).not.toContain(token);
    expect(out.stdout).toMatch(/-.*"command": ".* hook codex/);
  });

  test("without --yes it asks, and where nobody can answer it writes nothing", async () => {
    using home = new Home({ ".claude.json": "{}" });
    const before = home.files();
    const refused = await home.run(["setup"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("Look first: agentmesh setup --dry-run. Then: agentmesh setup --yes");
    expect(home.files()).toEqual(before);
    const { stderr } = await home.run([
      "setup",
      "--client",
      "codex",
      "--project",
      "--allow-tools",
      "--home",
      "/a mesh",
    ]);
    expect(stderr).toContain('Then: agentmesh setup --client codex --project --allow-tools --home "/a mesh" --yes');
    home.write(".mcp.json", '{ "mcpServers": { "agentmesh": { "command": "bun" } } }');
    expect((await home.run(["setup", "--yes", "--client", "claude-code", "--project"])).stdout).toContain(
      "To replace it: agentmesh setup --client claude-code --project --replace",
    );
  });

  test.skipIf(whyNoTerminals !== undefined)(
    "on a terminal it asks for each client, and shows the difference when asked to (needs script of util-linux)",
    async () => {
      using home = new Home({ ".claude.json": "{}", ".codex/config.toml": "", ".cursor/mcp.json": "{}" });
      const terminal = startInTerminal(["setup"], { env: home.env({ TERM: "dumb" }), cwd: home.path });
      let seen = 0;
      const answer = async (client: string, said: string) => {
        const question = `Go on with ${client}? [Y]es, [n]o, [a]ll, [d]iff, [q]uit `;
        const place = await until(() => terminal.stdout().indexOf(question, seen) + 1, question);
        const before = terminal.stdout().slice(seen, place - 1);
        seen = place - 1 + question.length;
        terminal.child.stdin?.write(`${said}\r`);
        return before;
      };
      try {
        expect(await answer("Claude Code", "what")).toMatch(/write +~\/\.claude\.json +MCP server agentmesh/);
        await answer("Claude Code", "d");
        expect(await answer("Claude Code", "n")).toContain("+++ ~/.claude.json");
        expect(await answer("Codex", "")).toMatch(/skipped +nothing was written/);
        expect(await answer("Cursor", "q")).toMatch(/wrote +~\/\.codex\/config\.toml/);
        expect((await terminal.exit).code).toBe(0);
      } finally {
        terminal.child.kill();
        await terminal.exit;
      }
      expect(home.read(".claude.json")).toBe("{}");
      expect(home.read(".codex/config.toml")).toContain("[mcp_servers.agentmesh]");
      expect(home.read(".cursor/mcp.json")).toBe("{}");
    },
  );

  test("another server of that name is left alone until --replace, one written by hand stays", async () => {
    const foreign =
      '{\n  "mcpServers": {\n    "agentmesh": { "command": "bun", "args": ["/old/server.ts"], "env": {} },\n    "claude-peers": {}\n  }\n}\n';
    using home = new Home({
      ".claude.json": foreign,
      ".codex/config.toml": '[mcp_servers.agentmesh]\ncommand = "npx"\nargs = ["agentmesh-mcp"]\n',
    });
    const codex = home.read(".codex/config.toml");
    const first = await home.run(["setup", "--yes"]);
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(
      /not set .*: bun \/old\/server\.ts\. To replace it: agentmesh setup --client claude-code --replace/,
    );
    expect(first.stdout).toMatch(
      /yours +~\/\.codex\/config\.toml +MCP server agentmesh: npx agentmesh-mcp \(left as it is\)/,
    );
    expect(first.stdout).toContain("Without it: claude mcp remove claude-peers");
    expect(home.read(".claude.json")).toBe(foreign);
    expect(home.read(".codex/config.toml")).toBe(codex);

    const second = await home.run(["setup", "--yes", "--client", "claude-code", "--replace"]);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stdout).toMatch(/replaced .*, in place of bun \/old\/server\.ts/);
    expect(home.read(".claude.json")).toContain("AGENTMESH_SETUP");
    const copy = Object.keys(home.files()).find((name) => name.startsWith(".claude.json.agentmesh-backup-"));
    expect(home.read(copy ?? "")).toBe(foreign);
    const out = await home.run(["uninstall", "--yes", "--client", "claude-code"]);
    expect(out.stdout).toMatch(
      /backup +~\/\.claude\.json\.agentmesh-backup-.*\.kept +holds what --replace took the place of: bun \/old\/server\.ts/,
    );
    expect(home.read(`${copy}.kept`)).toBe(foreign);
  });

  test("writes the command of this clone, and the state folder when it is not the usual one", async () => {
    using home = new Home();
    const mesh = join(home.path, "my mesh");
    home.program("claude", "2.1.330 (Claude Code)");
    const { code } = await home.run(["setup", "--yes", "--client", "claude-code", "--home", mesh], {
      AGENTMESH_URL: "http://127.0.0.1:7999",
    });
    expect(code).toBe(0);
    const { agentmesh } = home.json(".claude.json", Servers).mcpServers;
    expect(agentmesh).toMatchObject({
      command: process.execPath,
      args: [expect.stringMatching(/packages\/mcp\/dist\/main\.js$/)],
      env: { AGENTMESH_SETUP: "1", AGENTMESH_HOME: mesh, AGENTMESH_URL: "http://127.0.0.1:7999" },
    });
    const { Stop } = home.json(".claude/settings.json", Hooks).hooks;
    expect(Stop?.[0]?.hooks.map(({ command }) => command)).toEqual([
      expect.stringMatching(/mcp\/dist\/main\.js hook claude --by-setup --home ".*\/my mesh"$/),
      expect.stringMatching(/mcp\/dist\/main\.js hook claude --by-setup --home ".*\/my mesh" --wait$/),
    ]);
  });

  test("wakes idle sessions by hooks only where Claude Code knows such hooks", async () => {
    using home = new Home();
    const waiting = async (version: string) => {
      home.program("claude", version);
      await home.run(["setup", "--yes"]);
      const { hooks } = home.json(".claude/settings.json", Hooks);
      const commands = Object.values(hooks).flatMap((groups) => groups.flatMap((group) => group.hooks));
      return commands.filter(({ command, asyncRewake }) => command.endsWith(" --wait") && asyncRewake === true).length;
    };
    expect(await waiting("2.1.223 (Claude Code)")).toBe(0);
    expect(await waiting("2.1.224 (Claude Code)")).toBe(2);
    // A version that cannot be told changes nothing.
    expect(await waiting("no answer")).toBe(2);
    await home.run(["uninstall", "--yes"]);
    expect(Object.keys(home.files())).toEqual(["bin/claude"]);
  });

  test("--allow-tools lets the tools pass, and uninstall leaves a rule that was there before", async () => {
    const rule = '{\n  "permissions": { "allow": ["mcp__agentmesh", "Bash(ls)"] }\n}\n';
    using home = new Home({ ".claude/settings.json": rule, ".codex/config.toml": "", ".gemini/settings.json": "{}" });
    const before = home.files();
    await home.run(["setup", "--yes"]);
    expect(home.read(".codex/config.toml") + home.read(".gemini/settings.json")).not.toMatch(/approve|trust/);
    expect(await home.run(["setup", "--yes", "--allow-tools"])).toMatchObject({ code: 0 });
    expect(home.read(".codex/config.toml")).toContain('default_tools_approval_mode = "approve"');
    expect(home.read(".gemini/settings.json")).toContain('"trust": true');
    await home.run(["uninstall", "--yes"]);
    expect(home.files()).toEqual(before);

    home.write(".claude/settings.json", "{}");
    await home.run(["setup", "--yes", "--allow-tools"]);
    expect(home.read(".claude/settings.json")).toContain('"mcp__agentmesh"');
    await home.run(["uninstall", "--yes"]);
    expect(home.read(".claude/settings.json")).toBe("{}");
  });

  test("takes --command, and leaves out hooks that uninstall could not tell from others", async () => {
    using home = new Home();
    const given = ["setup", "--yes", "--client", "claude-code", "--command"];
    await home.run([...given, 'run-it "in a box" agentmesh-mcp']);
    expect(home.json(".claude.json", Servers).mcpServers.agentmesh).toMatchObject({
      command: "run-it",
      args: ["in a box", "agentmesh-mcp"],
    });
    expect(home.read(".claude/settings.json")).toContain(
      '"run-it \\"in a box\\" agentmesh-mcp hook claude --by-setup"',
    );
    const other = await home.run([...given, "/opt/box"]);
    expect(other.stderr).toContain("Hooks were left out: uninstall could not tell");
    expect(existsSync(join(home.path, ".claude/settings.json"))).toBe(false);
    expect(await home.run([...given, 'a "b'])).toMatchObject({ code: 2 });
  });

  test("writes through links, into their folder, and keeps the link", async () => {
    using home = new Home({ "dotfiles/claude.json": '{"a": 1}\n' });
    symlinkSync("dotfiles/claude.json", join(home.path, ".claude.json"));
    mkdirSync(join(home.path, ".codex"));
    symlinkSync("../dotfiles/codex.toml", join(home.path, ".codex/config.toml"));
    expect(await home.run(["setup", "--yes"])).toMatchObject({ code: 0 });
    expect(lstatSync(join(home.path, ".claude.json")).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(home.path, ".codex/config.toml")).isSymbolicLink()).toBe(true);
    expect(home.read("dotfiles/claude.json")).toContain("AGENTMESH_SETUP");
    expect(home.read("dotfiles/codex.toml")).toContain("AGENTMESH_SETUP");
    await home.run(["uninstall", "--yes"]);
    expect(Object.keys(home.files())).toEqual(["dotfiles/claude.json"]);
    expect(home.read("dotfiles/claude.json")).toBe('{"a": 1}\n');
  });

  test("a folder in the way of one client does not keep it from the others", async () => {
    using home = new Home({ ".claude.json/x": "", ".codex/config.toml": "" });
    const { code, stdout } = await home.run(["setup", "--yes"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /refused +~\/\.claude\.json +it cannot be read: it is a folder, where a file belongs \(EISDIR\)\. Move it away: mv /,
    );
    expect(home.read(".codex/config.toml")).toContain("[mcp_servers.agentmesh]");
  });

  test.skipIf(process.platform === "win32")(
    "a read-only file and a pipe are refused, and stay (not on Windows)",
    async () => {
      using home = new Home({ ".codex/config.toml": "a = 1\n", ".cursor/x": "" });
      chmodSync(join(home.path, ".codex/config.toml"), 0o444);
      execFileSync("mkfifo", [join(home.path, ".cursor/mcp.json")]);
      const before = home.files();
      const { code, stdout } = await home.run(["setup", "--yes"]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/refused +~\/\.codex\/config\.toml +it is read-only\. If it may be changed: chmod u\+w/);
      expect(stdout).toMatch(/refused +~\/\.cursor\/mcp\.json +it is a pipe, a socket or a device\./);
      expect(home.files()).toEqual(before);
    },
  );

  test("stands aside when Claude Code has the plugin", async () => {
    using home = new Home({ ".claude/settings.json": '{"enabledPlugins": {"agentmesh@agentmesh": true}}' });
    const { stdout, code } = await home.run(["setup", "--yes", "--client", "claude-code"]);
    expect(code).toBe(0);
    expect(stdout).toContain("its plugin agentmesh@agentmesh is on and brings server and hooks");
    expect(stdout).not.toContain("still beside it");
    expect(existsSync(join(home.path, ".claude.json"))).toBe(false);

    home.write(".claude/settings.json", "{}");
    await home.run(["setup", "--yes"]);
    home.write(
      ".claude/settings.json",
      home.read(".claude/settings.json").replace("{", '{"enabledPlugins": {"agentmesh@x": true},'),
    );
    const both = await home.run(["setup", "--yes"]);
    expect(both.stdout).toContain(
      "still beside it, in ~/.claude.json and ~/.claude/settings.json. Without that: agentmesh uninstall --client claude-code",
    );
  });

  test("gives OpenClaw a name and a token that agentmesh webhook set can read, and leaves a token of yours", async () => {
    using home = new Home({ ".openclaw/openclaw.json": "{ gateway: { port: 18790 } }\n" });
    const { stdout } = await home.run(["setup", "--yes"]);
    const [, token] = /"token": ?"(agentmesh-[\w-]{43})"/.exec(home.read(".openclaw/openclaw.json")) ?? [];
    expect(home.read(".openclaw/agentmesh-hooks-token")).toBe(`${token}\n`);
    expect(home.read(".openclaw/openclaw.json")).toMatch(/"AGENTMESH_NAME": ?"openclaw"/);
    expect(stdout).toMatch(
      /webhook set openclaw http:\/\/127\.0\.0\.1:18790 --dialect openclaw --token-file ".*hooks-token"/,
    );
    await home.run(["uninstall", "--yes"]);
    home.write(".openclaw/openclaw.json", '{ hooks: { enabled: true, token: "mine" } }\n');
    const second = await home.run(["setup", "--yes"]);
    expect(second.stdout).toMatch(/yours .*HTTP hooks: on, with a token of yours/);
    expect(second.stdout).toContain("--token-file FILE, where FILE is a file of yours that holds hooks.token");
    expect(Object.keys(home.files()).join()).not.toContain("hooks-token");
  });

  test("OpenClaw's token file goes with its token, is not made where that could not be set, and an empty one comes back", async () => {
    using home = new Home({ ".openclaw/openclaw.json": '{ hooks: { token: "", } }\n' });
    const before = home.files();
    await home.run(["setup", "--yes"]);
    await home.run(["uninstall", "--yes"]);
    expect(home.files()).toEqual(before);
    await home.run(["setup", "--yes"]);
    home.write(".openclaw/openclaw.json", home.read(".openclaw/openclaw.json").replace(/agentmesh-[\w-]{43}/, "mine"));
    await home.run(["setup", "--yes"]);
    expect(Object.keys(home.files()).join()).not.toContain("hooks-token");
    for (const refused of ["{ hooks: [] }", '{ hooks: { enabled: "yes" } }']) {
      home.write(".openclaw/openclaw.json", refused);
      const { code, stdout } = await home.run(["setup", "--yes"]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/refused +~\/\.openclaw\/agentmesh-hooks-token +left out: it does nothing without/);
      expect(stdout).not.toContain("Messages are pushed");
      expect(home.read(".openclaw/openclaw.json")).toBe(refused);
      expect(Object.keys(home.files()).join()).not.toContain("hooks-token");
    }
  });

  test("where the server could not be set there are no hooks, and no advice about them", async () => {
    const foreign = { command: "bun", args: ["/old/server.ts"] };
    using home = new Home({
      ".codex/config.toml": "mcp_servers = { x = { command = 'y' } }\n",
      ".gemini/settings.json": JSON.stringify({ mcpServers: { agentmesh: foreign } }),
      ".claude.json": JSON.stringify({ mcpServers: { agentmesh: foreign } }),
    });
    const before = home.files();
    const { code, stdout, stderr } = await home.run(["setup", "--yes"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/refused +~\/\.codex\/hooks\.json +left out: .* see ~\/\.codex\/config\.toml/);
    expect(stdout + stderr).not.toMatch(/trusted them|Start a session/);
    expect((await home.run(["setup", "--yes", "--json"])).stdout).not.toContain("trusted them");
    expect(home.files()).toEqual(before);
  });

  test("for Hermes it writes nothing, says so, and prints what belongs into its configuration", async () => {
    using home = new Home({ ".hermes/config.yaml": "model: x\n" });
    const { stdout, code } = await home.run(["setup", "--yes"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /by hand +nothing was written\. Put this into ~\/\.hermes\/config\.yaml:\n +mcp_servers:\n +agentmesh:\n/,
    );
    expect(home.read(".hermes/config.yaml")).toBe("model: x\n");
  });

  test("says that no client is there, and which names it knows", async () => {
    using home = new Home();
    const none = await home.run(["setup", "--yes"]);
    expect(none).toMatchObject({ code: 4, stdout: "" });
    expect(none.stderr).toContain(
      "agentmesh setup --client NAME, one of claude-code, codex, opencode, kilo, pi, cline, gemini",
    );
    const unknown = await home.run(["setup", "--client", "emacs"]);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('"emacs" is no client that is known here');
  });

  test("prints one JSON document for programs", async () => {
    using home = new Home({ ".claude.json": "{}" });
    home.program("claude", "2.1.330 (Claude Code)");
    const { stdout } = await home.run(["setup", "--yes", "--json"]);
    const report = Report.parse(JSON.parse(stdout));
    expect(report.clients).toMatchObject([
      {
        client: "claude-code",
        found: { version: "2.1.330" },
        files: [
          { path: join(home.path, ".claude.json"), action: "change", backup: expect.any(String) },
          { path: join(home.path, ".claude/settings.json"), action: "make" },
        ],
      },
    ]);
  });
});
