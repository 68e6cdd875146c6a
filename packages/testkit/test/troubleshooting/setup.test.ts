/** docs/troubleshooting/setup.md: what is seen when setup meets files, owners and settings that are in its way. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  cleanEnv,
  commandScreen,
  programLine,
  runProgram,
  type TempDir,
  tempDir,
  troublePage,
  troublePath,
  whyNoOtherUser,
} from "testkit";
import { expect, test } from "vitest";

const canMount = process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0;

/** A home directory with files, and what its person sees of a command. */
class Home {
  readonly path: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: TempDir, name: string, files: Readonly<Record<string, string>>) {
    this.path = join(folder.path, name);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, file)), { recursive: true });
      writeFileSync(join(this.path, file), text);
    }
    this.#env = cleanEnv({
      HOME: this.path,
      AGENTMESH_HOME: undefined,
      CODEX_HOME: undefined,
      CLAUDE_CONFIG_DIR: undefined,
      GEMINI_CLI_HOME: undefined,
      PATH: join(this.path, "bin"),
      NO_COLOR: "1",
    });
  }

  async sees(command: string, more: NodeJS.ProcessEnv = {}, typed = command) {
    const args = command.split(" ").slice(1);
    return commandScreen(typed, await runProgram("cli", args, { env: { ...this.#env, ...more }, cwd: this.path }));
  }

  /** The same where a full disk is mounted as the file. */
  seesOnFullDisk(command: string, file: string) {
    const line = programLine("cli", command.split(" ").slice(1));
    const script = `mount -t tmpfs -o size=8k none disk; cp ${file} disk/f; head -c 4096 /dev/zero > disk/fill; mount --bind disk/f ${file}; ${line}`;
    const env = { ...this.#env, PATH: "/usr/bin:/bin" };
    const { status, stdout, stderr } = spawnSync("unshare", ["-m", "/bin/sh", "-c", script], {
      env,
      cwd: this.path,
      encoding: "utf8",
    });
    return commandScreen(command, { code: status, stdout, stderr });
  }
}

const noUser = whyNoOtherUser();

test.skipIf(!canMount || noUser !== undefined)(
  `docs/troubleshooting/setup.md is what setup says${noUser === undefined ? " (needs unshare)" : ` (skipped: ${noUser})`}`,
  async () => {
    using folder = tempDir();
    chmodSync(folder.path, 0o755);
    const codex = "agentmesh setup --client codex --yes";
    const mounted = new Home(folder, "mounted", { ".codex/config.toml": "# mine\n".repeat(550), "disk/x": "" });
    const half = new Home(folder, "half", {
      ".codex/config.toml": "a = 1\n[mcp_ser",
      ".codex/config.toml.agentmesh-rescue-0123456789abcdef": "a = 1\n",
    });
    const owned = new Home(folder, "owned", { ".codex/config.toml": "a = 1\n" });
    spawnSync("chown", ["45679:45679", owned.path, join(owned.path, ".codex")]);
    chmodSync(join(owned.path, ".codex/config.toml"), 0o600);
    const byRoot = new Home(folder, "root", { ".codex/x": "" });
    const sudo = { SUDO_USER: "ada", SUDO_UID: "45679", SUDO_GID: "45679" };
    const shared = new Home(folder, "shared", { x: "" });
    const stale = new Home(folder, "stale", {
      ".cursor/mcp.json": JSON.stringify({
        mcpServers: {
          agentmesh: {
            command: join(folder.path, "stale/v22/bin/node"),
            args: ["/mcp/dist/main.js"],
            env: { AGENTMESH_SETUP: "1" },
          },
        },
      }),
    });
    const shut = new Home(folder, "shut", {
      ".codex/config.toml": "[mcp_servers.agentmesh]\ncommand = 'npx'\nargs = ['agentmesh-mcp']\nenabled = false\n",
      ".codex/hooks.json": "{}",
    });
    const dotfiles = new Home(folder, "dotfiles-home", {
      "dotfiles/.git/HEAD": "ref: refs/heads/main\n",
      "dotfiles/mcp.json": "{}",
    });
    mkdirSync(join(dotfiles.path, ".cursor"));
    symlinkSync("../dotfiles/mcp.json", join(dotfiles.path, ".cursor/mcp.json"));

    const seen = {
      shared: await shared.sees("agentmesh setup --project --client claude-code --yes", {
        AGENTMESH_URL: "http://127.0.0.1:7998",
      }),
      dotfiles: await dotfiles.sees("agentmesh setup --client cursor --yes"),
      full: mounted.seesOnFullDisk(codex, ".codex/config.toml"),
      half: await half.sees(codex),
      owned: await owned.sees(codex, sudo, `sudo ${codex}`),
      byRoot: await byRoot.sees(codex, sudo, `sudo ${codex}`),
      stale: await stale.sees("agentmesh setup --client cursor --yes"),
      shut: await shut.sees(codex),
    };
    const homes = [shared, dotfiles, mounted, half, owned, stale, shut].map(({ path }) => [path, "/home/ada"] as const);
    const page = troublePage({
      title: "Setup",
      about:
        "What `agentmesh setup` and `uninstall` say when something is in their way. A file that they refuse is as it was.",
      standIns: [
        ...homes,
        [byRoot.path, "/root"],
        [folder.path, "/home"],
        // Nobody has that id.
        ["user 45679", "ada"],
        ["chown 45679", "chown ada"],
      ],
      troubles: [
        {
          symptom: "Files of a project have no address and no state folder",
          about:
            "With `--project` setup writes files that come to other people by the repository. Nothing of this machine is in them: no path, no address, no port. Each developer sets what differs in the environment of the client.",
          screens: [seen.shared],
        },
        {
          symptom: "The configuration is in a repository of dotfiles",
          about: "The entry names Node and the adapter by their paths, which are others on another machine.",
          screens: [seen.dotfiles],
        },
        {
          symptom: "A configuration file is a mount of its own",
          about:
            "As single files are in containers. It cannot be replaced, so it is written over, with a copy beside it meanwhile; mostly there is nothing to see. What fails is undone.",
          screens: [seen.full],
        },
        {
          symptom: "A run was ended while it wrote over a file",
          about: "The copy that it had made is still there, and whole.",
          screens: [seen.half],
        },
        {
          symptom: "Setup was run with sudo",
          about:
            "In a person's home directory it acts as that person: nothing there becomes root's, and what is root's already, by an older version, is refused. Where sudo makes the home root's, the configuration is root's too.",
          screens: [seen.owned, seen.byRoot],
        },
        {
          symptom: "A client cannot start agentmesh since Node was upgraded",
          about:
            "`spawn …/node ENOENT` in the client's log: setup writes whole paths, because programs with windows and services do not have the PATH of your shell, and a version manager has removed that Node. Install agentmesh with the new one and run setup again.",
          screens: [seen.stale],
        },
        {
          symptom: "Setup says that something is shut out",
          about:
            "Settings of the client, or of who manages the machine, keep the server, its tools or its hooks out. Setup does not change them.",
          screens: [seen.shut],
        },
      ],
    });
    const settledPage = page.replaceAll(/\d{8}T\d{6}\.\d{3}Z/g, "20260102T030405.678Z");
    await expect(settledPage).toMatchFileSnapshot(troublePath("setup"));
  },
);
