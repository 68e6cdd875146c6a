/** Files that setup cannot simply replace: mounts, links, other owners, full disks, and 15 MB; and setup run by root for a person. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { programLine, whyNoOtherUser } from "testkit";
import { describe, expect, test } from "vitest";
import { Home } from "./home.ts";

/** A person without rights; nobody has that id. */
const PERSON = 45_678;

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync("unshare", ["-m", "true"]).status === 0;
const hasAcls = spawnSync("setfacl", ["--version"]).status === 0;

/** The command line below a shell that prepares the machine for it, in a mount namespace of its own. */
function inNamespace(home: Home, prepare: string, args: readonly string[], after = "true") {
  const words = programLine("cli", args);
  const script = `set -e; ${prepare}; set +e; ${words}; code=$?; ${after}; exit $code`;
  const { status, stdout, stderr } = spawnSync("unshare", ["-m", "/bin/sh", "-c", script], {
    env: { ...home.env(), PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
    cwd: home.path,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

const codex = (verb: string) => [verb, "--yes", "--client", "codex"];

describe.skipIf(!canMount)("a file that is a mount of its own (needs root and unshare)", () => {
  test("is written over with a backup, and uninstall brings back every byte and leaves nothing beside it", () => {
    using home = new Home({ ".codex/config.toml": "", "outside.toml": "a = 1\r\n# ü" });
    const mount = "mount --bind outside.toml .codex/config.toml";
    const inode = statSync(join(home.path, "outside.toml")).ino;
    expect(inNamespace(home, mount, codex("setup"))).toMatchObject({ code: 0 });
    expect(home.read("outside.toml")).toContain("[mcp_servers.agentmesh]");
    expect(home.read(".codex/config.toml")).toBe("");
    expect(inNamespace(home, mount, codex("uninstall"))).toMatchObject({ code: 0 });
    expect(home.read("outside.toml")).toBe("a = 1\r\n# ü");
    expect(statSync(join(home.path, "outside.toml")).ino).toBe(inode);
    expect(readdirSync(join(home.path, ".codex"))).toEqual(["config.toml"]);
  });

  test("that held nothing but ours is empty after uninstall, and that is said", () => {
    using home = new Home({ ".cursor/mcp.json": "", "outside.json": "" });
    const mount = "mount --bind outside.json .cursor/mcp.json";
    const cursor = (verb: string) => [verb, "--yes", "--client", "cursor"];
    expect(inNamespace(home, mount, cursor("setup"))).toMatchObject({ code: 0 });
    home.write("outside.json", home.read("outside.json").replace("{", "{ "));
    for (const name of readdirSync(join(home.path, ".cursor")).filter((one) => one.includes("backup"))) {
      rmSync(join(home.path, ".cursor", name));
    }
    const { code, stdout } = inNamespace(home, mount, cursor("uninstall"));
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("the file is a mount of its own and cannot go, so it is empty now");
    expect(JSON.parse(home.read("outside.json"))).toEqual({});
  });

  test("on a disk that fills up stays as it was, and the reason is said", () => {
    using home = new Home({ ".codex/config.toml": "", "disk/x": "" });
    const text = "# 0123456789\n".repeat(300);
    writeFileSync(join(home.path, "text"), text);
    const mount = [
      "mount -t tmpfs -o size=8k none disk",
      "cp text disk/c.toml",
      "head -c 4096 /dev/zero > disk/fill || true",
      "mount --bind disk/c.toml .codex/config.toml",
    ].join("; ");
    const { code, stdout } = inNamespace(home, mount, codex("setup"), "cat .codex/config.toml > left");
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /refused +~\/\.codex\/config\.toml +it cannot be written: the disk is full, or has no inode left \(ENOSPC\)\. Free space on it.*\. It is as it was/,
    );
    expect(home.read("left")).toBe(text);
    expect(readdirSync(join(home.path, ".codex")).sort()).toEqual(["config.toml"]);
  });

  test("in a folder that is read-only but for it is refused with the reason, as no copy could stand beside it", () => {
    using home = new Home({ ".codex/config.toml": "a = 1\n" });
    const mount =
      "cp .codex/config.toml c; mount --bind .codex .codex; mount -o remount,ro,bind .codex; mount --bind c .codex/config.toml";
    const { code, stdout } = inNamespace(home, mount, codex("setup"));
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /refused +~\/\.codex\/config\.toml +it cannot be backed up: .* is mounted read-only \(EROFS\)/,
    );
    expect(home.read("c")).toBe("a = 1\n");
  });
});

describe("a file that would lose something by being replaced", () => {
  test("with another name keeps it: both names have the entry, and lose it again", async () => {
    using home = new Home({ ".codex/config.toml": "a = 1\n" });
    linkSync(join(home.path, ".codex/config.toml"), join(home.path, "other.toml"));
    await home.run(codex("setup"));
    expect(home.read("other.toml")).toContain("[mcp_servers.agentmesh]");
    await home.run(codex("uninstall"));
    expect(home.read("other.toml")).toBe("a = 1\n");
    expect(statSync(join(home.path, "other.toml")).nlink).toBe(2);
  });

  test.skipIf(!hasAcls)("with an access list keeps it (needs setfacl)", async () => {
    using home = new Home({ ".codex/config.toml": "a = 1\n" });
    const path = join(home.path, ".codex/config.toml");
    if (spawnSync("setfacl", ["-m", `u:${PERSON}:r`, path]).status !== 0) return;
    const list = () => spawnSync("getfacl", ["-n", "--omit-header", path], { encoding: "utf8" }).stdout;
    const before = list();
    await home.run(codex("setup"));
    expect(home.read(".codex/config.toml")).toContain("AGENTMESH_SETUP");
    expect(list()).toBe(before);
  });

  test("of an odd mode keeps it", async () => {
    using home = new Home({ ".codex/config.toml": "a = 1\n" });
    chmodSync(join(home.path, ".codex/config.toml"), 0o2664);
    await home.run(codex("setup"));
    expect(statSync(join(home.path, ".codex/config.toml")).mode & 0o7777).toBe(0o2664);
  });
});

describe("a run that was ended while it wrote over a file", () => {
  const rescueOf = (home: Home, intended: string, before: string) => {
    const hash = createHash("sha256").update(intended).digest("hex").slice(0, 16);
    home.write(`.codex/config.toml.agentmesh-rescue-${hash}`, before);
    return `.codex/config.toml.agentmesh-rescue-${hash}`;
  };

  test.each(["setup", "uninstall"])("leaves a half file that %s refuses, with commands that mend it", async (verb) => {
    using home = new Home({ ".codex/config.toml": "a = 1\n[mcp_ser" });
    const rescue = rescueOf(home, "a = 1\n[mcp_servers.agentmesh]\n", "a = 1\n");
    const refused = await home.run(codex(verb));
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("has left it half written. What it was before is whole in a copy");
    const [, command = ""] = /To take that back: (.*?)\. If the file/.exec(refused.stdout) ?? [];
    expect(spawnSync("/bin/sh", ["-c", command]).status).toBe(0);
    expect(home.read(".codex/config.toml")).toBe("a = 1\n");
    expect(existsSync(join(home.path, rescue))).toBe(false);
    expect((await home.run(codex(verb))).code).toBe(0);
  });

  test("has done no harm where the file is whole, as it was or as it was to be", async () => {
    using home = new Home({ ".codex/config.toml": "a = 1\n" });
    rescueOf(home, "something else", "a = 1\n");
    expect((await home.run(codex("setup"))).code).toBe(0);
    rescueOf(home, home.read(".codex/config.toml"), "a = 1\n");
    expect((await home.run(codex("uninstall"))).code).toBe(0);
    expect(home.read(".codex/config.toml")).toBe("a = 1\n");
  });
});

const noUser = whyNoOtherUser();

describe.skipIf(noUser)(
  `setup by root in the home of a person, as by sudo${noUser ? ` (skipped: ${noUser})` : ""}`,
  () => {
    function homeOf(person: number, files: Record<string, string>): Home {
      const home = new Home(files);
      spawnSync("chown", ["-R", `${person}:${person}`, home.folder.path]);
      return home;
    }
    const sudo = { SUDO_UID: String(PERSON), SUDO_GID: String(PERSON), SUDO_USER: "me" };
    const owners = (home: Home) =>
      new Set(
        readdirSync(home.path, { recursive: true, encoding: "utf8" }).map(
          (name) => lstatSync(join(home.path, name)).uid,
        ),
      );

    test.each([sudo, {}])("leaves no file and no folder of root's, %o", async (env) => {
      using home = homeOf(PERSON, { ".codex/config.toml": "a = 1\n", ".claude.json": "{}" });
      const names = ["claude-code", "codex", "opencode", "openclaw"].flatMap((name) => ["--client", name]);
      const { code, stderr } = await home.run(["setup", "--yes", ...names], env);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(home.read(".config/opencode/opencode.json")).toContain('"plugin"');
      expect(owners(home)).toEqual(new Set([PERSON]));
      expect((await home.run(["uninstall", "--yes"], env)).code).toBe(0);
      expect(owners(home)).toEqual(new Set([PERSON]));
    });

    test("does not write through a person's link to what only root may change", async () => {
      using home = homeOf(PERSON, { ".codex/x": "" });
      using other = new Home({ "secret.toml": "a = 1\n" });
      spawnSync("ln", ["-s", join(other.path, "secret.toml"), join(home.path, ".codex/config.toml")]);
      chmodSync(other.folder.path, 0o755);
      const { code, stdout } = await home.run(codex("setup"), sudo);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /is owned by root \(mode 0644\), and you are user 45678 \(EACCES\)\. That is not yours to change: ask its owner/,
      );
      expect(other.read("secret.toml")).toBe("a = 1\n");
    });

    test("what an older sudo made root's is refused with the command that gives it back", async () => {
      using home = homeOf(PERSON, { ".codex/config.toml": "a = 1\n" });
      const path = join(home.path, ".codex/config.toml");
      chownSync(path, 0, 0);
      chmodSync(path, 0o600);
      const { stdout } = await home.run(codex("setup"), sudo);
      expect(stdout).toContain(
        `it cannot be read: it is owned by root (mode 0600), and you are user 45678 (EACCES). If it is to be yours: sudo chown 45678 '`,
      );
    });

    test("in root's own home it says whose configuration that is", async () => {
      using home = new Home({ ".codex/config.toml": "" });
      const { stderr } = await home.run(codex("setup"), sudo);
      expect(stderr).toContain(
        `This is the configuration of root, in ${home.path}. For that of me: agentmesh setup without sudo.`,
      );
    });
  },
);

test("a .claude.json of 15 MB is looked at, changed and changed back within ten times its size", async () => {
  using home = new Home();
  const history = Array.from({ length: 60 }, (_, at) => ({
    display: `“${at}”: run the tests, tell me "what" fails\n`,
    pasted: {},
  }));
  const projects: Record<string, unknown> = {};
  const one = JSON.stringify({ history }, undefined, 2).length * 1.3;
  for (let at = 0; at * one < 15_000_000; at++) projects[`/src/${at}`] = { allowedTools: [], history };
  const text = JSON.stringify({ mcpServers: { x: { command: "y" } }, projects }, undefined, 2);
  home.write(".claude.json", text);
  const size = Buffer.byteLength(text);
  expect(size).toBeGreaterThan(14_000_000);
  const bound = { NODE_OPTIONS: `--max-old-space-size=${Math.floor((10 * size) / 2 ** 20)}` };
  const claude = ["--client", "claude-code"];
  const dry = await home.run(["setup", "--dry-run", "--exit-code", ...claude], bound);
  expect(dry.code).toBe(6);
  expect(dry.stdout).toContain('+    "agentmesh": {');
  expect(dry.stdout.length).toBeLessThan(10_000);
  expect((await home.run(["setup", "--yes", ...claude], bound)).code).toBe(0);
  expect((await home.run(["setup", "--yes", ...claude], bound)).stdout).toMatch(/there +~\/\.claude\.json/);
  expect((await home.run(["uninstall", "--dry-run", "--exit-code", ...claude], bound)).code).toBe(6);
  expect((await home.run(["uninstall", "--yes", ...claude], bound)).stdout).toContain("byte for byte as it was before");
  expect(readFileSync(join(home.path, ".claude.json"), "utf8") === text).toBe(true);
});
