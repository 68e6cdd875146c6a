/** What every engine of identities does, and what the files look like while it does. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LastingOwner } from "@agentmesh/client/node";
import { tempDir } from "testkit";
import { afterAll, describe, expect, test } from "vitest";
import { type Engine, fileEngine, memoryEngine } from "./memory-identities.ts";

const temp = tempDir();
afterAll(() => temp[Symbol.dispose]());
let folders = 0;

const A: LastingOwner = { kind: "conversation", client: "claude-code", of: "a" };
const B: LastingOwner = { kind: "conversation", client: "claude-code", of: "b" };

const engines: [string, () => Engine][] = [
  ["in memory", memoryEngine],
  ["on files", () => fileEngine(join(temp.path, `home-${++folders}`))],
];

describe.each(engines)("identities %s", (_, make) => {
  test("an owner's identity is held by one process, and is the same for the next", () => {
    const engine = make();
    const [one, two] = [engine.process(), engine.process()];
    const first = one.identities.claim(A)?.open();
    first?.note({ name: "poker", used: true });
    first?.note({ summary: "deals" });
    expect(two.identities.claim(A)).toBeUndefined();
    expect(two.identities.nameOf(A)).toBe("poker");
    one.kill();
    const again = two.identities.claim(A);
    expect(again?.exists).toBe(true);
    expect(again?.open()).toMatchObject({ token: first?.token, used: true, summary: "deals" });
  });

  test("owners that differ in kind, client or conversation have different identities", () => {
    const { identities } = make().process();
    const owners: LastingOwner[] = [
      A,
      B,
      { ...A, client: "codex-mcp-client" },
      { ...A, kind: "place" },
      { ...A, kind: "named" },
    ];
    const tokens = owners.map((owner) => identities.claim(owner)?.open().token);
    expect(new Set([...tokens, identities.own("claude-code").token]).size).toBe(6);
  });

  test("a claim that is given up leaves nothing behind", () => {
    const engine = make();
    engine.process().identities.claim(A)?.release();
    const claim = engine.process().identities.claim(A);
    expect(claim?.exists).toBe(false);
  });

  test("an own identity is bound to an owner: its token, its marks, its lock; it is no orphan any more", () => {
    const engine = make();
    const [one, two] = [engine.process(), engine.process()];
    const own = one.identities.own("codex");
    own.note({ name: "poker", used: true });
    const bound = one.identities.claim(A)?.adopt(own);
    expect(bound).toMatchObject({ token: own.token, used: true, owner: A });
    expect(two.identities.claim(A)).toBeUndefined();
    one.kill();
    expect(two.identities.orphans(9)).toEqual([]);
    expect(two.identities.claim(A)?.open().token).toBe(own.token);
  });

  test("an identity that moves to another owner leaves none with the one before", () => {
    const engine = make();
    const { identities } = engine.process();
    const first = identities.claim(A)?.open();
    if (!first) throw new Error("nobody holds it");
    expect(identities.claim(B)?.adopt(first).token).toBe(first.token);
    const left = identities.claim(A);
    expect(left?.exists).toBe(false);
    expect(left?.open().token).not.toBe(first.token);
  });

  test("of conversations, those are orphans that were not used and that no live process has", () => {
    const engine = make();
    const [dead, live] = [engine.process(), engine.process()];
    const unused = dead.identities.claim(A)?.open();
    dead.identities.claim(B)?.open().note({ used: true });
    live.identities.claim({ ...A, of: "c" })?.open();
    dead.identities.claim({ ...A, kind: "place" })?.open();
    dead.kill();
    const orphans = engine.process().identities.orphans(9);
    expect(orphans).toMatchObject([{ token: unused?.token, owner: A }]);
    expect(engine.process().identities.claim(A)).toBeUndefined();
  });

  test("orphans are the own identities of dead processes alone, so many at a time, until they are removed", () => {
    const engine = make();
    const [dead, live, sweeper] = [engine.process(), engine.process(), engine.process()];
    const tokens = [1, 2, 3].map(() => dead.identities.own("codex").token);
    live.identities.own("codex");
    live.identities.claim(A)?.open();
    dead.kill();
    const found = sweeper.identities.orphans(2);
    expect(found).toHaveLength(2);
    for (const orphan of found) orphan.remove();
    const rest = sweeper.identities.orphans(9);
    expect([...found, ...rest].map(({ token }) => token).sort()).toEqual([...tokens].sort());
    for (const orphan of rest) orphan.remove();
    expect(engine.process().identities.orphans(9)).toEqual([]);
  });

  test("a removed identity is nobody's: the owner's next one is new", () => {
    const engine = make();
    const { identities } = engine.process();
    const first = identities.claim(A)?.open();
    first?.remove();
    const next = identities.claim(A);
    expect(next?.exists).toBe(false);
    expect(next?.open().token).not.toBe(first?.token);
  });
});

test("no file of identities can be read by others, and none says a conversation in its name", () => {
  using home = tempDir();
  const { identities } = fileEngine(home.path).process();
  identities.claim({ ...A, of: "0f0e-secret-conversation" })?.open();
  identities.own("codex");
  const names = readdirSync(join(home.path, "agents"));
  expect(names.filter((name) => name.endsWith(".json"))).toHaveLength(2);
  for (const name of names) {
    expect(name).toMatch(/^(conversation|own)-[0-9a-f]{24}\.(json|lock|lock-journal)$/);
    if (process.platform !== "win32") expect(statSync(join(home.path, "agents", name)).mode & 0o077).toBe(0);
  }
});

test("a process that is killed with -9 lets go of its conversation, and its own identity becomes an orphan", async () => {
  using home = tempDir();
  const client = new URL("../../../client/src/node/index.ts", import.meta.url).href;
  const script = `
    import { IdentityFiles, openStateFolder } from ${JSON.stringify(client)};
    const files = new IdentityFiles(openStateFolder(${JSON.stringify(home.path)}));
    files.claim(${JSON.stringify(A)}).open(); files.own("codex");
    process.kill(process.pid, "SIGKILL");`;
  const args = ["--conditions=@agentmesh/source", "--input-type=module", "-e", script];
  expect(() => execFileSync(process.execPath, args, { stdio: "ignore" })).toThrow();
  const { identities } = fileEngine(home.path).process();
  expect(identities.claim(A)?.exists).toBe(true);
  expect(identities.orphans(9)).toHaveLength(1);
});

test("a file without a token that can be read is named, and what was begun and never written is cleared away", () => {
  using home = tempDir();
  const engine = fileEngine(home.path);
  engine.process().identities.claim(A)?.open().release();
  const [file] = readdirSync(join(home.path, "agents")).filter((name) => name.endsWith(".json"));
  writeFileSync(join(home.path, "agents", file ?? ""), "{");
  expect(() => engine.process().identities.claim(A)?.open()).toThrow(`${file} is damaged. Move it away`);
  writeFileSync(join(home.path, "agents", "own-00ff.lock"), "");
  expect(engine.process().identities.orphans(9)).toEqual([]);
  expect(readdirSync(join(home.path, "agents"))).not.toContain("own-00ff.lock");
});

test("what an older version kept for a place or a name is taken over, once", () => {
  using home = tempDir();
  const engine = fileEngine(home.path);
  const owner: LastingOwner = { kind: "place", client: "cursor", of: "/w/poker" };
  engine.process().identities.claim(owner)?.open().remove();
  // sha256 of client, NUL and place, 20 digits, and the number of the first: as version 0.1 named it.
  const token = `am_${"x".repeat(43)}`;
  const old = join(home.path, "agents", "09085ab3e3ea18624950-1.json");
  writeFileSync(old, JSON.stringify({ token, client: "cursor", place: "/w/poker" }));
  expect(engine.process().identities.claim(owner)?.open().token).toBe(token);
  expect(readdirSync(join(home.path, "agents")).some((name) => name.endsWith("-1.json"))).toBe(false);
  expect(readFileSync(join(home.path, "agents", readdirSync(join(home.path, "agents"))[0] ?? ""), "utf8")).toContain(
    token,
  );
});
