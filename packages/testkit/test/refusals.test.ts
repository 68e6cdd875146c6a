/**
 * Every path that our programs touch, and what the system may say no to it with: one table. Several files of a folder are
 * wrong at once; each sentence names one of them, whose it is, and a command, which is done, until nothing is refused.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, lastingAnswer, startMcpSession, tempDir, until, whyNoOtherUser } from "testkit";
import { describe, expect, test } from "vitest";
import {
  openPerson,
  type Patient,
  type Person,
  type Said,
  served,
  USER,
  type WrongName,
  wrongs,
} from "./refusals/person.ts";

type Wrongs = Readonly<Record<string, WrongName>>;

const NO_STACK = /\n\s+at |node:internal|\bE[A-Z]{3,}: |"stack"/;

/** Runs a program until all that is wrong was refused, and does what it says in between. */
async function mended(person: Person, table: Wrongs, exit: number, run: () => Promise<Said>): Promise<void> {
  const left = new Map(Object.entries(table).map(([name, wrong]) => [join(person.home, name), wrong]));
  while (left.size > 0) {
    const said = await run();
    // On a machine under load a broker may need longer than `up` waits.
    if (said.text.includes("it may be starting still")) continue;
    const text = said.text.replaceAll(/^\{.*\n/gm, "");
    // The longest first: `mesh.db` is the beginning of `mesh.db-wal`.
    const paths = [...left.keys()].sort((a, b) => b.length - a.length);
    const path = paths.find((each) => text.includes(each));
    expect(said.code, `${said.text} while ${[...left].join("; ")}`).toBe(exit);
    if (path === undefined) throw new Error(`none of what is left (${paths.join(", ")}) in: ${text}`);
    const wrong = wrongs[left.get(path) ?? "mode 000"];
    expect(text).toMatch(new RegExp(`\\((${wrong.code.source})\\)\\. [A-Z]`));
    expect(text).toMatch(wrong.said);
    expect(text).not.toMatch(NO_STACK);
    person.mend(text);
    left.delete(path);
  }
}

function makeWrong(person: Person, table: Wrongs): void {
  for (const [name, wrong] of Object.entries(table)) {
    const path = join(person.home, name);
    if (wrong in IN_PLACE && !existsSync(path)) person.write(name, name.endsWith(".json") ? "{}" : "");
  }
  for (const [name, wrong] of Object.entries(table)) wrongs[wrong].make(join(person.home, name));
}

/** What is done to a file that is there. */
const IN_PLACE: Readonly<Partial<Record<WrongName, true>>> = {
  ...{ "mode 000": true, "mode 0200": true, "mode 0400": true, "root's": true },
};

const inMesh = (table: Wrongs): Wrongs =>
  Object.fromEntries(Object.entries(table).map(([name, wrong]) => [`.agentmesh/${name}`, wrong]));

const noUser = whyNoOtherUser();

describe.skipIf(noUser)(
  `what is refused${noUser === undefined ? "" : ` (skipped: ${noUser})`}`,
  { timeout: 300_000 },
  () => {
    test.each<[string, "a mesh" | "nothing", Wrongs]>([
      [
        "with files of modes and owners that keep it out",
        "a mesh",
        {
          ...{ key: "mode 000", "mesh.db": "mode 0400", "mesh.db-wal": "root's", "mesh.db-shm": "mode 0200" },
          ...{ "broker.lock": "mode 000", "broker.lock-journal": "root's", "mesh.mark.json": "mode 0200" },
          ...{ ballast: "mode 0400", "broker.json": "root's", port: "mode 000", stopped: "mode 0400" },
          ...{ "config.json": "mode 000", "addon.loading": "root's" },
        },
      ],
      [
        "with folders and links where its files belong",
        "nothing",
        {
          ...{
            key: "a folder",
            "mesh.db": "a dangling link",
            "mesh.db-wal": "a folder",
            "mesh.db-shm": "a link to itself",
          },
          ...{ "broker.lock": "a link to itself", "broker.lock-journal": "a folder", "mesh.mark.json": "a folder" },
          ...{ ballast: "a dangling link", "broker.json": "a folder", port: "a folder", stopped: "a folder" },
          ...{ "config.json": "a folder", "addon.loading": "a folder", ".probe": "a folder", "key.draft": "a folder" },
          ...{ "mesh.db.draft": "a folder", "mesh.mark.json.draft": "a folder", "broker.json.draft": "a folder" },
        },
      ],
      ["with links where none may be", "a mesh", { key: "a link to the file", "mesh.db": "a link to the file" }],
    ])("by a broker %s is said and mended, file by file", async (_, before, table) => {
      using person = openPerson();
      if (before === "a mesh") expect(await served(person)).toMatchObject({ code: 0 });
      makeWrong(person, inMesh(table));
      using broker = person.patient("broker");
      await mended(person, inMesh(table), 77, () => broker.run(["--port", "0"]));
      expect(await served(person)).toMatchObject({ code: 0 });
    });

    test.each([
      ["cli", ["up"], 1, ["mode 000", "mode 0400", "mode 0500", "root's, closed", "root's, open to all"]],
      ["cli", ["up"], 1, ["a file", "a dangling link", "a link to itself"]],
      ["broker", ["--port", "0"], 77, ["mode 000", "mode 0500", "root's", "a file", "a link to itself"]],
      ["cli", ["up"], 1, ["on a disk mounted read-only"]],
      ["broker", ["--port", "0"], 77, ["on a disk mounted read-only"]],
      ["cli", ["agents"], 1, ["mode 000", "mode 0400", "root's, closed", "a file", "a link to itself"]],
    ] as const)("by %s %j is said and mended of the state folder itself", async (program, args, exit, names) => {
      using person = openPerson();
      using patient = person.patient(program);
      for (const name of names) {
        if (!existsSync(person.mesh)) person.write(".agentmesh/agents/other", "");
        chmodSync(person.mesh, 0o700);
        wrongs[name].make(person.mesh);
        await mended(person, { ".agentmesh": name }, exit, () => patient.run(args));
      }
    });

    test.each([
      ["cli", ["up"], 1],
      ["broker", ["--port", "0"], 77],
    ] as const)(
      "by %s %j is said of the folder in which the state folder is to be made",
      async (program, args, exit) => {
        using person = openPerson();
        using patient = person.patient(program);
        for (const name of ["mode 0500", "mode 0400", "root's", "a file", "on a disk mounted read-only"] as const) {
          person.write("box/other", "");
          const box = join(person.home, "box");
          wrongs[name].make(box);
          try {
            for (const deep of ["mesh", "one/two/mesh"]) {
              const said = await patient.run([...args, "--home", join(box, deep)]);
              const text = expect.stringMatching(wrongs[name].said);
              expect([name, deep, said]).toEqual([name, deep, { code: exit, text }]);
              expect(said.text).not.toMatch(NO_STACK);
            }
          } finally {
            spawnSync("umount", ["-q", box]);
            rmSync(box, { recursive: true });
          }
        }
      },
    );

    test.each<[string, string[], "a mesh" | "nothing", Wrongs]>([
      [
        "up",
        ["up"],
        "a mesh",
        {
          ...{ "start.lock": "mode 000", "broker.log": "mode 0400", "broker.json": "mode 0200", port: "root's" },
          ...{ key: "mode 000", "broker.lock": "mode 000", agents: "a file" },
        },
      ],
      [
        "up",
        ["up"],
        "nothing",
        {
          ...{ "start.lock": "a folder", "broker.log": "a folder", "broker.json": "a dangling link" },
          ...{ port: "a link to itself", agents: "a dangling link" },
        },
      ],
      ["a look without a broker", ["status"], "a mesh", { "broker.lock": "mode 000", "broker.json": "root's" }],
      ["a stop without a broker", ["down"], "a mesh", { "broker.lock": "root's", port: "mode 000" }],
    ])("by %s (%j) in the files of %s is said and mended, and ends with 1", async (_, args, before, table) => {
      using person = openPerson();
      if (before === "a mesh") expect(await served(person)).toMatchObject({ code: 0 });
      makeWrong(person, inMesh(table));
      using cli = person.patient("cli");
      await mended(person, inMesh(table), 1, () => cli.run(args));
    });

    test("by commands while a broker runs is said and mended, and a look needs nothing but to read", async () => {
      using person = openPerson();
      const broker = person.start("broker", ["--port", "0"]);
      await until(() => broker.stdout().includes("broker.started"), "the broker", 60_000);
      try {
        using cli = person.patient("cli");
        expect(await cli.run(["agent", "add", "other"])).toMatchObject({ code: 0 });
        const acts: readonly (readonly [readonly string[], number, Wrongs])[] = [
          [
            ["agent", "add", "another"],
            1,
            inMesh({ key: "mode 000", "broker.json": "mode 0200", agents: "mode 0500" }),
          ],
          [["logs"], 1, inMesh({ "broker.log": "mode 0200" })],
          [["logs"], 1, inMesh({ "broker.log": "a link to itself" })],
          [["send", "other", "--file", join(person.home, "text.md")], 2, { "text.md": "mode 000" }],
          [["send", "other", "--file", join(person.home, "text.md")], 2, { "text.md": "root's" }],
          [["send", "other", "--file", join(person.home, "text.md")], 2, { "text.md": "a folder" }],
          [["send", "other", "--file", join(person.home, "text.md")], 2, { "text.md": "a dangling link" }],
          [["send", "other", "--file", join(person.home, "text.md", "x")], 2, { "text.md": "a file" }],
        ];
        for (const [args, exit, table] of acts) {
          makeWrong(person, table);
          await mended(person, table, exit, () => cli.run(args));
        }
        const [token = ""] = readdirSync(join(person.mesh, "agents"));
        for (const wrong of ["mode 000", "root's"] as const) {
          const table = inMesh({ [`agents/${token}`]: wrong });
          makeWrong(person, table);
          await mended(person, table, 1, () => cli.run(["whoami", "--as", "other"]));
        }
        const tooLong = await cli.run(["send", "other", "--file", `/tmp/${"x".repeat(300)}`]);
        expect(tooLong).toMatchObject({ code: 2 });
        expect(tooLong.text).toMatch(/longer than the system takes \(ENAMETOOLONG\)\. Use a shorter one/);

        using secret = tempDir();
        chmodSync(secret.path, 0o755);
        writeFileSync(join(secret.path, "x"), "", { mode: 0o600 });
        for (const args of [
          ["webhook", "set", "other", "http://127.0.0.1:9/", "--secret-file", join(secret.path, "x")],
          ["send", "other", "--file", join(secret.path, "x")],
        ]) {
          const { text } = await cli.run(args);
          expect(text).toContain("(EACCES). That is not yours to change: ask its owner");
          expect(text).not.toContain("sudo");
        }

        spawnSync("chmod", ["-R", "a-w", person.mesh]);
        const looks = "status|agents|agent show other|inbox other|log|history|topics|owed|dead|held|whoami --as other";
        for (const look of looks.split("|")) {
          expect({ look, ...(await cli.run(look.split(" "))) }).toMatchObject({ look, code: 0 });
        }
        spawnSync("chmod", ["-R", "u+w", person.mesh]);
      } finally {
        broker.child.kill("SIGTERM");
        await broker.exit;
      }
    });

    test("by what is another's is said to be not this person's to change: no command takes or moves it", async () => {
      using person = openPerson();
      using place = tempDir();
      chmodSync(place.path, 0o755);
      const at = (name: string) => join(place.path, name);
      for (const name of ["closed", "bare", "open", "full", "mesh"]) mkdirSync(at(name));
      for (const name of ["secret", "full/other", "mesh/key"]) writeFileSync(at(name), "", { mode: 0o600 });
      chmodSync(at("closed"), 0o700);
      chmodSync(at("open"), 0o777);
      symlinkSync(at("secret"), join(person.home, "to-secret"));
      symlinkSync(at("full"), join(person.home, "to-full"));
      using cli = person.patient("cli");
      using broker = person.patient("broker");
      const refused: readonly (readonly [Patient, readonly string[]])[] = [
        [cli, ["send", "bob", "--file", at("secret")]],
        [cli, ["send", "bob", "--file", at("closed/x")]],
        [cli, ["send", "bob", "--file", at("secret/x")]],
        [cli, ["send", "bob", "--file", join(person.home, "to-secret")]],
        [cli, ["send", "bob", "--file", join(person.home, "to-full/other")]],
        [cli, ["up", "--home", at("bare")]],
        [cli, ["up", "--home", at("closed")]],
        [cli, ["up", "--home", at("full")]],
        [cli, ["up", "--home", at("open")]],
        [cli, ["up", "--home", at("secret")]],
        [cli, ["up", "--home", join(person.home, "to-full")]],
        [broker, ["--port", "0", "--home", at("full")]],
        [broker, ["--port", "0", "--home", at("closed")]],
        [broker, ["--port", "0", "--home", at("secret")]],
      ];
      for (const [program, args] of refused) {
        const { text } = await program.run(args);
        expect.soft(text, args.join(" ")).toContain("That is not yours to change: ask its owner");
        expect.soft(text, args.join(" ")).not.toContain("sudo");
      }
      // At an address of its own: to see whether a broker that answers is the folder's, its key is read first.
      const url = `http://127.0.0.1:${await freePort()}`;
      const ofMesh = await cli.run(["up", "--home", at("mesh"), "--url", url]);
      expect(ofMesh.text).toContain(`If it is to be yours: sudo chown -R ${USER} ${at("mesh")}.`);
      // A folder of root's in the person's own one: itself, and nothing below it.
      makeWrong(person, { "mine/other": "root's", mine: "root's" });
      const ofMine = await cli.run(["up", "--home", join(person.home, "mine")]);
      expect(ofMine.text).toContain(`If it is to be yours: sudo chown ${USER} ${join(person.home, "mine")}.`);
    });

    test("by setup is said of each configuration, and mended", async () => {
      using person = openPerson();
      using cli = person.patient("cli");
      const files: readonly (readonly [string, string, WrongName])[] = [
        ["codex", ".codex/config.toml", "mode 000"],
        ["codex", ".codex/config.toml", "root's"],
        ["codex", ".codex/config.toml", "a folder"],
        ["cursor", ".cursor/mcp.json", "a link to itself"],
        ["cursor", ".cursor", "mode 0500"],
        ["gemini", ".gemini/settings.json", "root's"],
        ["claude-code", ".claude.json", "mode 0200"],
        ["claude-code", ".claude/settings.json", "a folder"],
        ["opencode", ".config/opencode", "a file"],
        ["opencode", ".config/opencode", "root's"],
      ];
      for (const [client, path, wrong] of files) {
        const isFolder = ["mode 0500", "a file"].includes(wrong) || path.endsWith("opencode");
        if (isFolder && !existsSync(join(person.home, path))) person.write(`${path}/other`, "");
        makeWrong(person, { [path]: wrong });
        const run = () => cli.run(["setup", "--yes", "--client", client]);
        await mended(person, { [path]: wrong }, 1, run);
        const { code, text } = await run();
        expect({ client, path, wrong, code, text }).toMatchObject({ code: 0 });
        expect((await cli.run(["uninstall", "--yes", "--client", client])).code).toBe(0);
      }
    });

    test("to a hook is none of its client's concern: it ends with 0 and says nothing", async () => {
      using person = openPerson();
      for (const wrong of ["mode 000", "a file", "a link to itself"] as const) {
        makeWrong(person, inMesh({ hooks: wrong }));
        expect(await person.run("mcp", ["hook", "claude"])).toEqual({ code: 0, text: "" });
        rmSync(person.mesh, { recursive: true });
      }
    });

    test("to an adapter is told to the model, with the command that mends it, and the adapter joins by itself then", async () => {
      using person = openPerson();
      makeWrong(person, inMesh({ agents: "a file", hooks: "a file" }));
      const under = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];
      const env = { HOME: person.home, AGENTMESH_PORT: "0", CLAUDE_CODE_SESSION_ID: "ses-1" };
      await using session = await startMcpSession({ home: person.mesh, cwd: "/", under, env });
      const answer = await lastingAnswer(session, "list_peers");
      expect(answer.isError).toBe(true);
      expect(answer.text).toContain(`${join(person.mesh, "agents")} is a file, where a folder belongs (`);
      person.mend(answer.text);
      await until(() => session.stderr().includes("session.joined"), "the adapter to join", 60_000);
      await session.close();
      expect(await person.run("cli", ["down"])).toMatchObject({ code: 0 });
    });
  },
);
