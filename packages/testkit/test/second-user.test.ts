/** Several users, folders and strangers on one loopback: everybody's programs find their own broker, whoever has the port. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BrokerFile, BrokerStatus } from "@agentmesh/protocol";
import {
  cleanEnv,
  type Network,
  openNetwork,
  type RunningProgram,
  startMcpSession,
  tempDir,
  until,
  watched,
  whyNoNetworks,
  whyNoOtherUser,
} from "testkit";
import { describe, expect, test } from "vitest";

const USUAL = 7899;
const why = whyNoNetworks() ?? whyNoOtherUser();
/** Dozens of programs one after another: longer than other tests on a machine under load. */
const SLOW = { timeout: 180_000 };

/** A person on the machine: a user id, a home folder, and programs that run as that user. */
function person(network: Network, root: string, user: number) {
  chmodSync(root, 0o755);
  const home = join(root, `user-${user}`);
  mkdirSync(home, { mode: 0o700 });
  chownSync(home, user, user);
  const folder = join(home, ".agentmesh");
  const env = cleanEnv({ HOME: home });
  const run = (args: readonly string[], own: Record<string, string> = {}) =>
    network.run("cli", args, { user, env: { ...env, ...own }, cwd: "/" });
  return {
    folder,
    run,
    announced: () => BrokerFile.parse(JSON.parse(readFileSync(join(folder, "broker.json"), "utf8"))),
    status: async () => BrokerStatus.parse(JSON.parse((await run(["status", "--json"])).stdout)),
    /** Writes a file into the state folder. */
    write(name: string, text: string) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      for (const path of [folder, join(folder, name)]) chownSync(path, user, user);
    },
  };
}

const strangers = {
  "a web server": `require("http").createServer((q, s) => { console.log(JSON.stringify(q.headers)); s.end("hi") })`,
  "a program that says it is a broker": `require("http").createServer((q, s) => { console.log(JSON.stringify(q.headers)); s.setHeader("content-type", "application/json"); s.end('{"status":"ok","version":"9"}') })`,
  "a program that never answers": `require("net").createServer((c) => c.on("data", (d) => console.log(String(d))))`,
  "a program that speaks otherwise": `require("net").createServer((c) => { c.on("error", () => {}); c.on("data", (d) => console.log(String(d))); c.end("SSH-2.0-OpenSSH_9.2\\r\\n") })`,
  "a program that hangs up": `require("net").createServer((c) => { c.on("data", (d) => { console.log(String(d)); c.destroy() }) })`,
};

/** Somebody else's program on a port; its output is what it was sent. */
async function strangerOn(network: Network, port: number, kind: keyof typeof strangers): Promise<RunningProgram> {
  const [command = "", ...args] = [...network.inside, process.execPath, "-e"];
  const script = `${strangers[kind]}.listen(${port}, "127.0.0.1", () => console.log("listening"))`;
  const stranger = watched(spawn(command, [...args, script], { stdio: ["ignore", "pipe", "pipe"] }));
  await until(() => stranger.stdout().includes("listening"), kind);
  return stranger;
}

/** What a program was sent, without what has nothing but chance in it: letters of it spell anything. */
function withoutNonces(text: string): string {
  return text.replaceAll(/"agentmesh-nonce":"[^"]*"/g, "");
}

async function end({ child, exit }: RunningProgram): Promise<void> {
  child.kill("SIGKILL");
  await exit;
}

describe.skipIf(why !== undefined)(`one loopback${why === undefined ? "" : ` (skipped: ${why})`}`, SLOW, () => {
  test("gives the second user another port by itself, says so, and each user's programs find their own broker", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const [ada, bob] = [person(network, root.path, 4_101), person(network, root.path, 4_102)];
    const first = await ada.run(["up"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain(`http://127.0.0.1:${USUAL}`);
    expect(first.stdout).not.toContain("instead of");

    const second = await bob.run(["up"]);
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toContain(`${USUAL + 1} instead of ${USUAL}, which another program had`);
    expect((await bob.run(["status"])).stdout).toContain(`${USUAL + 1} instead of ${USUAL}`);
    expect(readFileSync(join(bob.folder, "broker.log"), "utf8")).toContain('"port.other"');
    expect(await bob.status()).toMatchObject({ home: bob.folder, insteadOf: USUAL });
    expect(await ada.status()).toMatchObject({ home: ada.folder, url: `http://127.0.0.1:${USUAL}` });

    expect((await ada.run(["whoami"])).stdout).toContain("cli");
    expect(await bob.run(["send", "cli", "hello", "--as", "bob", "--create"])).toMatchObject({ code: 4 });
    for (const each of [ada, bob]) expect(await each.run(["down"])).toMatchObject({ code: 0 });
  });

  test("gives the adapter of a second user a broker that it starts itself", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const [ada, bob] = [person(network, root.path, 4_103), person(network, root.path, 4_104)];
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    const inside = [...network.inside, "setpriv", "--reuid=4104", "--regid=4104", "--clear-groups"];
    const env = { HOME: join(bob.folder, "..") };
    await using session = await startMcpSession({ home: bob.folder, cwd: env.HOME, under: inside, env });
    const name = await session.joined();
    expect(name).toBe("user-4104");
    expect((await bob.run(["agents"])).stdout).toContain(name);
    expect((await ada.run(["agents"])).stdout).not.toContain(name);
    expect(bob.announced().port).toBe(USUAL + 1);
    await session.close();
    for (const each of [ada, bob]) expect(await each.run(["down"])).toMatchObject({ code: 0 });
  });

  test("gives two users who start at once a broker each", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const people = [4_111, 4_112, 4_113].map((user) => person(network, root.path, user));
    const ups = await Promise.all(people.flatMap((each) => [each.run(["up"]), each.run(["up"])]));
    expect(ups.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ups.map(() => ({ code: 0, stderr: "" })));
    expect(people.map((each) => each.announced().port).sort()).toEqual([USUAL, USUAL + 1, USUAL + 2]);
    const homes = await Promise.all(people.map(async (each) => (await each.status()).home));
    expect(homes).toEqual(people.map(({ folder }) => folder));
    for (const each of people) expect(await each.run(["down"])).toMatchObject({ code: 0 });
  });

  test("gives one user's second state folder another port", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const ada = person(network, root.path, 4_121);
    const other = join(ada.folder, "..", "other mesh");
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    expect(await ada.run(["up", "--home", other])).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await ada.run(["status", "--json", "--home", other]);
    expect(BrokerStatus.parse(JSON.parse(stdout))).toMatchObject({ url: `http://127.0.0.1:${USUAL + 1}` });
    expect(await ada.status()).toMatchObject({ url: `http://127.0.0.1:${USUAL}` });
    expect(await ada.run(["down", "--home", other])).toMatchObject({ code: 0 });
    expect(await ada.run(["status"])).toMatchObject({ code: 0 });
    expect(await ada.run(["down"])).toMatchObject({ code: 0 });
  });

  test.each(Object.keys(strangers) as (keyof typeof strangers)[])(
    "steps aside for %s and sends it no key, no token and no proof",
    async (kind) => {
      using root = tempDir();
      await using network = await openNetwork();
      const ada = person(network, root.path, 4_131);
      const stranger = await strangerOn(network, USUAL, kind);
      const before = await ada.run(["status"]);
      expect(before.code).toBe(3);
      expect(before.stderr).toMatch(/Start it with: agentmesh up/);
      expect(await ada.run(["up"])).toMatchObject({ code: 0, stderr: "" });
      expect(await ada.status()).toMatchObject({ url: `http://127.0.0.1:${USUAL + 1}`, insteadOf: USUAL });
      expect(await ada.run(["send", "cli", "hello"])).toMatchObject({ code: 0 });
      expect(await ada.run(["down"])).toMatchObject({ code: 0 });
      await end(stranger);
      expect(withoutNonces(stranger.stdout())).not.toMatch(/authorization|bearer|am_|amk_|agentmesh-proof/i);
    },
  );

  test("is given again as it was after a restart, also when the usual port is free by then; a damaged note is no obstacle", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const ada = person(network, root.path, 4_141);
    const stranger = await strangerOn(network, USUAL, "a web server");
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    await end(stranger);
    process.kill(ada.announced().pid, "SIGKILL");
    await until(async () => (await ada.run(["status"])).code === 3, "the broker to be gone");
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    expect(ada.announced().port).toBe(USUAL + 1);
    expect(await ada.run(["down"])).toMatchObject({ code: 0 });
    for (const note of ["", "-1", "99999999", "7901 \u0000", "port"]) {
      ada.write("port", note);
      expect(await ada.run(["up"])).toMatchObject({ code: 0, stderr: "" });
      expect(ada.announced().port).toBe(USUAL);
      expect(await ada.run(["down"])).toMatchObject({ code: 0 });
    }
  });

  test("with a stale announcement whose port somebody else has: said, and healed by the next start, which sends nothing there", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const ada = person(network, root.path, 4_151);
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    expect(await ada.run(["whoami"])).toMatchObject({ code: 0 });
    process.kill(ada.announced().pid, "SIGKILL");
    await until(() => existsSync(join(ada.folder, "broker.json")), "the announcement to stay");
    const stranger = await until(
      () => strangerOn(network, USUAL, "a program that says it is a broker").catch(() => undefined),
      "the port to be free",
    );
    const status = await ada.run(["status"]);
    expect(status.code).toBe(3);
    expect(status.stderr).toContain("belongs to a broker of another state folder, such as another user's");
    expect(await ada.run(["up"])).toMatchObject({ code: 0, stderr: "" });
    expect(await ada.status()).toMatchObject({ url: `http://127.0.0.1:${USUAL + 1}` });
    expect(await ada.run(["down"])).toMatchObject({ code: 0 });
    await end(stranger);
    expect(withoutNonces(stranger.stdout())).not.toMatch(/authorization|bearer|am_|amk_/i);
  });

  test("takes no other port where one was named: an error whose remedy works", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const ada = person(network, root.path, 4_161);
    const stranger = await strangerOn(network, 8_123, "a web server");
    const named: [args: string[], env: Record<string, string>, said: string][] = [
      [["up", "--port", "8123"], {}, "as --port says"],
      [["up"], { AGENTMESH_PORT: "8123" }, "as AGENTMESH_PORT says"],
      [["up"], { CLAUDE_PEERS_PORT: "8123" }, "as CLAUDE_PEERS_PORT says"],
      [["up"], { AGENTMESH_URL: "http://127.0.0.1:8123" }, "as AGENTMESH_URL says"],
      [["up", "--url", "http://localhost:8123"], {}, "as --url says"],
    ];
    for (const [args, env, said] of named) {
      const ended = await ada.run(args, env);
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(said);
      expect(ended.stderr).toContain("then takes a free port by itself");
      expect(existsSync(join(ada.folder, "broker.json"))).toBe(false);
    }
    ada.write("config.json", '{"port": 8123}');
    const configured = await ada.run(["up"]);
    expect(configured.code).toBe(3);
    expect(configured.stderr).toMatch(/Port 8123 on 127\.0\.0\.1 is taken by another program.*Leave out/);
    expect(configured.stderr).not.toContain("{");

    rmSync(join(ada.folder, "config.json"));
    const usual = await strangerOn(network, USUAL, "a web server");
    const legacy = await network.run("broker", ["--legacy"], {
      env: cleanEnv({ AGENTMESH_HOME: join(root.path, "old") }),
    });
    expect(legacy.code).toBe(4);
    await end(usual);
    expect(await ada.run(["up"])).toMatchObject({ code: 0, stderr: "" });
    expect(await ada.run(["down"])).toMatchObject({ code: 0 });
    await end(stranger);
  });

  test("keeps its announcement when a cleaner of files takes it away", async () => {
    using root = tempDir();
    await using network = await openNetwork();
    const ada = person(network, root.path, 4_171);
    const stranger = await strangerOn(network, USUAL, "a web server");
    expect(await ada.run(["up"])).toMatchObject({ code: 0 });
    rmSync(join(ada.folder, "broker.json"));
    await until(() => existsSync(join(ada.folder, "broker.json")), "the announcement to come back");
    expect(await ada.status()).toMatchObject({ url: `http://127.0.0.1:${USUAL + 1}` });
    expect(await ada.run(["down"])).toMatchObject({ code: 0 });
    expect(existsSync(join(ada.folder, "broker.json"))).toBe(false);
    await end(stranger);
  });
});
