/** The doctor: each fault set up for real, a row each; what it mends and what it only tells; that a look changes nothing. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import {
  freePort,
  programPath,
  startInTerminal,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  whyNoTerminals,
} from "testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod";
import { makeAuthority } from "../../broker/src/tls/certificates.ts";
import { checks } from "../src/doctor/checks.ts";
import { Home } from "./home.ts";

// Several programs a row.
vi.setConfig({ testTimeout: 120_000 });

const Report = z.object({
  version: z.literal(VERSION),
  home: z.string(),
  faults: z.int(),
  warnings: z.int(),
  notLookedAt: z.int(),
  mended: z.array(z.object({ did: z.string(), failed: z.string().optional() })),
  findings: z.array(
    z.object({
      check: z.string(),
      verdict: z.enum(["ok", "warning", "fault", "skipped"]),
      about: z.string(),
      says: z.string(),
      remedy: z.string().optional(),
      mendable: z.boolean(),
    }),
  ),
});

/** A person's machine with its mesh, and what is set in the environment of what they type. */
class Machine extends Home {
  readonly state = join(this.path, ".agentmesh");
  readonly set: Record<string, string> = {};

  /** What the doctor finds, with the exit code that belongs to it. */
  async examined(...options: string[]) {
    const ended = await this.run(["doctor", "--json", ...options], this.set);
    expect([0, 9], ended.stderr).toContain(ended.code);
    const report = Report.parse(JSON.parse(ended.stdout));
    expect(ended.code).toBe(report.faults > 0 ? 9 : 0);
    return report;
  }

  /** Every file with its text and mode, but for the database, in which a broker that runs writes by itself. */
  override files(): Record<string, string> {
    return Object.fromEntries(Object.entries(super.files()).filter(([name]) => !/\.agentmesh\/mesh\./.test(name)));
  }

  /** A broker of this machine's state folder. */
  async broker(...args: string[]): Promise<TestBroker> {
    const broker = await startTestBroker({ home: this.state, args });
    onTestFinished(() => broker[Symbol.asyncDispose]());
    return broker;
  }

  /** A state folder that a broker made, which has stopped. */
  async meshOfBefore(): Promise<void> {
    const broker = await startTestBroker({ home: this.state });
    await broker.kill("SIGTERM");
  }

  /** A mesh of another machine that this one has joined, with a credential that nobody gave it; and the authority that it trusts there. */
  joins(url: string, ca?: string): void {
    const joined = {
      ...{ version: 1, urls: [url], ca },
      machine: `mch_${"0".repeat(32)}`,
      token: `amm_${"A".repeat(43)}`,
      host: "laptop",
    };
    mkdirSync(this.state, { mode: 0o700 });
    writeFileSync(join(this.state, "joined.json"), JSON.stringify(joined), { mode: 0o600 });
  }

  /** Codex, set up by our setup. */
  async codex(): Promise<void> {
    mkdirSync(join(this.path, ".codex"));
    expect((await this.run(["setup", "--client", "codex", "--yes"], this.set)).code).toBe(0);
  }

  /** Changes what stands in the configuration of Codex. */
  inCodex(change: (text: string) => string): void {
    this.write(".codex/config.toml", change(this.read(".codex/config.toml")));
  }

  /** A session of a client that says of itself how it can be reached. */
  async session(client: string, ...pushPaths: { path: string; provenAt?: string; failedWhy?: string }[]) {
    const { client: calls } = await (await this.broker()).agent("ada", { client });
    await calls.openSession({ pushPaths });
  }
}

/** Something that listens where the broker would be. */
async function listener(onConnection: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const webServer = () => listener((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));

/** An environment in which this code is run before a program of ours. */
const preloaded = (code: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
});

/** A command line to which a broker of this version answers as one of another. */
function answeredBy(version: string) {
  const swap = `text.replace('"version":"${VERSION}"', '"version":"${version}"')`;
  return preloaded(
    `const { parse } = JSON; JSON.parse = (text, ...more) => parse(typeof text === "string" && text.startsWith('{"version"') ? ${swap} : text, ...more);`,
  );
}

/** A command line whose clock is wrong by so much. */
const clockWrongBy = (ms: number) => preloaded(`const { now } = Date; Date.now = () => now() + ${ms};`);

/** An adapter of another version, as another installation has it. */
function otherAdapter(machine: Machine, version: string): string {
  machine.write("old/node_modules/agentmesh-mcp/package.json", JSON.stringify({ name: "agentmesh-mcp", version }));
  machine.write("old/node_modules/agentmesh-mcp/dist/main.js", "");
  return join(machine.path, "old/node_modules/agentmesh-mcp/dist/main.js");
}

const OURS = programPath("mcp");

interface Row {
  /** The row of the table of checks. */
  readonly check: string;
  readonly fault: string;
  readonly arrange: (machine: Machine) => void | Promise<void>;
  readonly verdict: "warning" | "fault";
  readonly says: RegExp;
  readonly remedy?: RegExp;
  /** Whether `--fix` mends it; then it is looked at again, and nothing of it is left. */
  readonly mends?: (machine: Machine) => void;
  /** Why this machine cannot have it. */
  readonly skip?: string | false;
}

const isRoot = process.getuid?.() === 0;
const modeOf = (path: string) => statSync(path).mode & 0o777;

const rows: readonly Row[] = [
  {
    check: "node",
    fault: "a Node on PATH that is too old",
    arrange: (machine) => machine.program("node", "v18.20.1"),
    verdict: "warning",
    says: /bin\/node is 18\.20\.1; agentmesh needs 22\.18 or newer/,
    remedy: /nodejs\.org/,
  },
  {
    check: "node",
    fault: "a Node on PATH that does not run",
    arrange(machine) {
      machine.write("bin/node", "#!/bin/sh\nexit 1\n");
      chmodSync(join(machine.path, "bin/node"), 0o755);
    },
    verdict: "warning",
    says: /does not say its version/,
  },
  {
    check: "state folder",
    fault: "a folder and a key that others may read",
    async arrange(machine) {
      await machine.meshOfBefore();
      chmodSync(machine.state, 0o755);
      chmodSync(join(machine.state, "key"), 0o644);
    },
    verdict: "fault",
    says: /and 1 more has mode 0755: others on this machine may read it/,
    remedy: /^chmod -R go= /,
    mends(machine) {
      expect([modeOf(machine.state), modeOf(join(machine.state, "key"))]).toEqual([0o700, 0o600]);
    },
  },
  {
    check: "state folder",
    fault: "a file that only its folder keeps shut",
    async arrange(machine) {
      await machine.meshOfBefore();
      chmodSync(join(machine.state, "mesh.db"), 0o666);
    },
    verdict: "warning",
    says: /mesh\.db has mode 0666: only its folder/,
    mends: (machine) => expect(modeOf(join(machine.state, "mesh.db"))).toBe(0o600),
  },
  {
    check: "state folder",
    fault: "files of another user",
    async arrange(machine) {
      await machine.meshOfBefore();
      chownSync(join(machine.state, "key"), 45_679, 45_679);
    },
    verdict: "fault",
    says: /key belongs to user 45679, as after sudo/,
    remedy: /^sudo chown -R /,
    skip: !isRoot && "only root can give a file away",
  },
  {
    check: "state folder",
    fault: "a draft of the key that was never put in its place",
    async arrange(machine) {
      await machine.meshOfBefore();
      machine.write(".agentmesh/key.4711.0a1b2c3d", "amk_");
      utimesSync(join(machine.state, "key.4711.0a1b2c3d"), new Date(0), new Date(0));
    },
    verdict: "warning",
    says: /key\.4711\.0a1b2c3d was left by a program that ended/,
    remedy: /^rm /,
    mends: (machine) => expect(existsSync(join(machine.state, "key.4711.0a1b2c3d"))).toBe(false),
  },
  {
    check: "state folder",
    fault: "a folder that is a copy",
    async arrange(machine) {
      await machine.meshOfBefore();
      cpSync(machine.state, `${machine.state}.copy`, { recursive: true });
      rmSync(machine.state, { recursive: true });
      cpSync(`${machine.state}.copy`, machine.state, { recursive: true });
    },
    verdict: "warning",
    // A file of the copy may get the inode of the one it is a copy of, once that is gone.
    says: /is a copy(?: of another folder)?\. A broker that starts in it begins a new life/,
  },
  {
    check: "state folder",
    fault: "a database that was put there",
    async arrange(machine) {
      await machine.meshOfBefore();
      const database = join(machine.state, "mesh.db");
      cpSync(database, `${database}.copy`);
      renameSync(`${database}.copy`, database);
    },
    verdict: "warning",
    says: /the database in .* is not the one that its broker wrote: it was put there/,
  },
  {
    check: "state folder",
    fault: "settings that are no JSON",
    arrange: (machine) => machine.write(".agentmesh/config.json", '{ "port": 7899'),
    verdict: "fault",
    says: /config\.json is no JSON/,
  },
  {
    check: "broker",
    fault: "another program on the port that was named",
    async arrange(machine) {
      machine.set.AGENTMESH_PORT = String(await webServer());
    },
    verdict: "fault",
    says: /as AGENTMESH_PORT says, is taken by a program that is not an agentmesh broker/,
  },
  {
    check: "broker",
    fault: "another program on the port of before, which nobody named",
    async arrange(machine) {
      delete machine.set.AGENTMESH_PORT;
      machine.write(".agentmesh/port", `${await webServer()}\n`);
    },
    verdict: "warning",
    says: /port \d+, where it would be, belongs to another program$/,
    remedy: /^agentmesh up$/,
  },
  {
    check: "broker",
    fault: "a program on the port that says nothing",
    async arrange(machine) {
      machine.set.AGENTMESH_PORT = String(await listener((socket) => void socket.on("error", () => {})));
    },
    verdict: "fault",
    says: /does not answer within 2 s/,
  },
  {
    check: "broker",
    fault: "the broker of the folder that this one is a copy of",
    async arrange(machine) {
      const broker = await startTestBroker();
      onTestFinished(() => broker[Symbol.asyncDispose]());
      cpSync(broker.home, machine.state, { recursive: true });
    },
    verdict: "warning",
    says: /belongs to the broker of a folder that this one is a copy of/,
    remedy: /^agentmesh up$/,
  },
  {
    check: "broker",
    fault: "a broker that is stopped and does not answer",
    async arrange(machine) {
      const { pid } = await machine.broker();
      process.kill(pid, "SIGSTOP");
      onTestFinished(() => void process.kill(pid, "SIGCONT"));
    },
    verdict: "fault",
    says: /does not answer at .* within 6 s/,
    remedy: /^agentmesh logs$/,
  },
  {
    check: "broker",
    fault: "a broker elsewhere that is not reached",
    async arrange(machine) {
      machine.set.AGENTMESH_URL = `http://mesh.localhost:${await freePort()}`;
    },
    verdict: "fault",
    says: /mesh\.localhost/,
  },
  {
    check: "broker",
    fault: "a joined mesh that is not reached",
    arrange: async (machine) => machine.joins(`http://127.0.0.1:${await freePort()}`),
    verdict: "fault",
    says: /127\.0\.0\.1/,
  },
  {
    check: "broker",
    fault: "a joined mesh whose broker knows this machine no more",
    async arrange(machine) {
      const broker = await startTestBroker();
      onTestFinished(() => broker[Symbol.asyncDispose]());
      machine.joins(broker.url);
    },
    verdict: "fault",
    says: /does not know this machine any more/,
  },
  {
    check: "broker",
    fault: "a joined mesh whose pin is another one's: its broker has a new authority, or somebody stands between",
    async arrange(machine) {
      const broker = await startTestBroker({ args: ["--tls", "127.0.0.1:0"] });
      onTestFinished(() => broker[Symbol.asyncDispose]());
      const [url = ""] = (await broker.admin.status()).remote?.urls ?? [];
      machine.joins(url, (await makeAuthority(Date.now())).cert);
    },
    verdict: "fault",
    says: /shows a certificate of another authority than the one that this machine joined.*Nothing secret was sent.*agentmesh leave/,
  },
  {
    check: "broker",
    fault: "a joined mesh in whose place something speaks no TLS",
    async arrange(machine) {
      const { cert } = await makeAuthority(Date.now());
      machine.joins(`https://127.0.0.1:${await webServer()}`, cert);
    },
    verdict: "fault",
    says: /does not speak TLS/,
  },
  {
    check: "versions",
    fault: "a broker that is older",
    async arrange(machine) {
      await machine.broker();
      Object.assign(machine.set, answeredBy("0.0.9"));
    },
    verdict: "warning",
    says: /the broker is version 0\.0\.9, older than this command line/,
    remedy: /^agentmesh down && agentmesh up$/,
  },
  {
    check: "versions",
    fault: "a broker that is newer",
    async arrange(machine) {
      await machine.broker();
      Object.assign(machine.set, answeredBy("99.0.0"));
    },
    verdict: "warning",
    says: /older than the broker \(99\.0\.0\)/,
    remedy: /^npm install -g agentmesh$/,
  },
  {
    check: "versions",
    fault: "an adapter of another version in a session",
    async arrange(machine) {
      const adapter = spawn(process.execPath, ["-e", "setTimeout(() => {}, 300_000)"]);
      onTestFinished(() => void adapter.kill());
      const card = { pid: adapter.pid, kind: "claude", socket: "x", key: "x", directory: "/w/shop", version: "0.0.9" };
      machine.write(".agentmesh/hooks/0123456789abcdef.json", JSON.stringify(card));
    },
    verdict: "warning",
    says: /claude session in \/w\/shop .* is of version 0\.0\.9/,
    remedy: /open it again/,
  },
  {
    check: "disk",
    fault: "a disk on which the broker keeps its last room for acks",
    arrange: async (machine) => void (await machine.broker("--min-free-disk-bytes", String(2 ** 50))),
    verdict: "fault",
    says: /the broker accepts nothing new: /,
    remedy: /^agentmesh status$/,
  },
  {
    check: "clock",
    fault: "a clock that is a minute ahead",
    async arrange(machine) {
      await machine.broker();
      Object.assign(machine.set, clockWrongBy(60_000));
    },
    verdict: "warning",
    says: /clock is \S+ ahead of the broker's/,
    remedy: /set the clock/,
  },
  {
    check: "clock",
    fault: "a clock that is an hour behind",
    async arrange(machine) {
      await machine.broker();
      Object.assign(machine.set, clockWrongBy(-3_600_000));
    },
    verdict: "fault",
    says: /behind the broker's.*signatures are refused/,
  },
  {
    check: "log",
    fault: "an error that comes again and again",
    arrange(machine) {
      const line = { level: 50, time: Date.now() - 1_000, msg: "webhook.failed", detail: "no room" };
      machine.write(
        ".agentmesh/broker.log",
        `${JSON.stringify(line)}\nnot an entry\n${JSON.stringify({ ...line, more: 40 })}\n`,
      );
    },
    verdict: "warning",
    says: /webhook\.failed 42 times since yesterday, the last one \ds ago: no room/,
    remedy: /^agentmesh logs -n 200$/,
  },
  {
    check: "clients",
    fault: "a configuration that cannot be parsed",
    arrange: (machine) => machine.write(".cursor/mcp.json", "{ no JSON"),
    verdict: "fault",
    says: /mcp\.json: it cannot be parsed: .*line 1/,
    remedy: /^agentmesh setup --client cursor$/,
  },
  {
    check: "clients",
    fault: "an adapter that is gone",
    async arrange(machine) {
      await machine.codex();
      machine.inCodex((text) => text.replace(OURS, "/gone/mcp/dist/main.js"));
    },
    verdict: "fault",
    says: /config\.toml starts \/gone\/mcp\/dist\/main\.js, which is no more/,
    remedy: /^agentmesh setup --client codex$/,
    mends: (machine) => expect(machine.read(".codex/config.toml")).toContain(OURS),
  },
  {
    check: "clients",
    fault: "an adapter of another version",
    async arrange(machine) {
      await machine.codex();
      machine.inCodex((text) => text.replace(OURS, otherAdapter(machine, "0.0.9")));
    },
    verdict: "warning",
    says: new RegExp(`starts agentmesh-mcp 0\\.0\\.9, not ${VERSION.replaceAll(".", "\\.")}`),
    mends: (machine) => expect(machine.read(".codex/config.toml")).toContain(OURS),
  },
  {
    check: "clients",
    fault: "hooks that somebody took out",
    async arrange(machine) {
      await machine.codex();
      machine.write(".codex/hooks.json", "{}");
    },
    verdict: "warning",
    says: /hooks\.json is not as setup writes it: hooks SessionStart/,
    mends: (machine) => expect(machine.read(".codex/hooks.json")).toContain("hook codex"),
  },
  {
    check: "clients",
    fault: "another mesh, which only a person may decide",
    async arrange(machine) {
      await machine.codex();
      machine.set.AGENTMESH_HOME = join(machine.path, "other");
    },
    verdict: "warning",
    says: /may lead to another mesh: its AGENTMESH_HOME is none, here it is ~\/other/,
  },
  {
    check: "clients",
    fault: "an entry by hand whose program is gone",
    arrange: (machine) =>
      machine.write(
        ".cursor/mcp.json",
        JSON.stringify({ mcpServers: { agentmesh: { command: "node", args: ["/gone/mcp/dist/main.js"] } } }),
      ),
    verdict: "fault",
    says: /which you wrote by hand, names \/gone\/mcp\/dist\/main\.js, which is no more/,
  },
  {
    check: "clients",
    fault: "an entry by hand of another version",
    arrange: (machine) =>
      machine.write(
        ".cursor/mcp.json",
        JSON.stringify({ mcpServers: { agentmesh: { command: "npx", args: ["-y", "agentmesh-mcp@0.0.9"] } } }),
      ),
    verdict: "warning",
    says: /which you wrote by hand, starts agentmesh-mcp 0\.0\.9/,
  },
  {
    check: "clients",
    fault: "another server of our name",
    arrange: (machine) =>
      machine.write(".cursor/mcp.json", JSON.stringify({ mcpServers: { agentmesh: { command: "something-else" } } })),
    verdict: "warning",
    says: /another server is called agentmesh in it: something-else/,
    remedy: /--replace$/,
  },
  {
    check: "clients",
    fault: "a setting that shuts the server out",
    async arrange(machine) {
      await machine.codex();
      machine.inCodex((text) => text.replace("[mcp_servers.agentmesh]", "[mcp_servers.agentmesh]\nenabled = false"));
    },
    verdict: "fault",
    says: /shuts it out, mcp_servers\.agentmesh\.enabled/,
  },
  {
    check: "push paths",
    fault: "a push path that does not take messages",
    async arrange(machine) {
      await machine.codex();
      await machine.session("codex-mcp-client", { path: "codex-queue", failedWhy: "thread 0193 is not known" });
    },
    verdict: "fault",
    says: /ada: codex-queue, failing/,
    remedy: /^agentmesh ping ada$/,
  },
  {
    check: "push paths",
    fault: "a session that nothing can be pushed into",
    async arrange(machine) {
      await machine.codex();
      await machine.session("codex-mcp-client");
    },
    verdict: "fault",
    says: /ada: no push path/,
  },
  {
    check: "push paths",
    fault: "a session of a client with a plugin that nothing can be pushed into",
    async arrange(machine) {
      expect((await machine.run(["setup", "--client", "pi", "--yes"], machine.set)).code).toBe(0);
      await machine.session("pi");
    },
    verdict: "fault",
    says: /ada: no push path/,
  },
  {
    check: "push paths",
    fault: "a push path that was never proven",
    async arrange(machine) {
      await machine.codex();
      await machine.session("codex-mcp-client", { path: "codex-queue" });
    },
    verdict: "warning",
    says: /ada: codex-queue, not proven yet/,
    remedy: /^agentmesh ping ada$/,
  },
  {
    check: "npx cache",
    fault: "an old version that npx keeps",
    arrange: (machine) =>
      machine.write(".npm/_npx/0a1b/node_modules/agentmesh-mcp/package.json", JSON.stringify({ version: "0.0.9" })),
    verdict: "warning",
    says: /agentmesh-mcp 0\.0\.9 is kept/,
    remedy: /^rm -r .*_npx\/0a1b"?$/,
  },
];

describe("the doctor finds", () => {
  test.each(rows.map((row) => ({ ...row, title: row.fault + (row.skip ? ` (skipped: ${row.skip})` : "") })))(
    "$title",
    async ({ check, arrange, verdict, says, remedy, mends, skip }) => {
      if (skip) return;
      using machine = new Machine();
      // Where nobody names another port, not that of this machine's real mesh.
      machine.set.AGENTMESH_PORT = String(await freePort());
      await arrange(machine);
      const before = machine.files();
      const { findings } = await machine.examined();
      expect(machine.files(), "a look changes nothing").toEqual(before);
      const of = findings.filter((each) => each.check === check);
      const found = of.find((each) => says.test(each.says));
      expect(found, JSON.stringify(of, undefined, 2)).toMatchObject({ verdict, mendable: mends !== undefined });
      if (remedy) expect(found?.remedy).toMatch(remedy);

      const after = await machine.examined("--fix");
      const left = after.findings.find((each) => each.check === check && says.test(each.says));
      if (mends === undefined) return expect(left).toMatchObject({ verdict });
      expect(after.mended.map(({ failed }) => failed)).toEqual(after.mended.map(() => undefined));
      expect([after.mended.length > 0, left]).toEqual([true, undefined]);
      mends(machine);
    },
  );

  test("with every check of its table, which the README shows", () => {
    const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    for (const { name, looksAt } of checks) expect(page).toContain(`| ${name} | ${looksAt} |\n`);
    expect([...new Set(rows.map(({ check }) => check))].sort()).toEqual(checks.map(({ name }) => name).sort());
  });
});

test("where all is well nothing is the matter, and it is said what was not looked at and why", async () => {
  using machine = new Machine();
  machine.set.AGENTMESH_PORT = String(await freePort());
  const empty = await machine.examined();
  expect([empty.faults, empty.warnings]).toEqual([0, 0]);
  expect(existsSync(machine.state), "no state folder is made and no broker started").toBe(false);

  await machine.codex();
  await machine.session("codex-mcp-client", { path: "codex-queue", provenAt: new Date().toISOString() });
  await using session = await startMcpSession({ home: machine.state, cwd: machine.path });
  await session.joined();
  const { findings, faults, warnings } = await machine.examined();
  expect([faults, warnings], JSON.stringify(findings.filter(({ verdict }) => verdict !== "ok"))).toEqual([0, 0]);
  const of = (about: string) => findings.find((each) => each.about === about);
  expect(of("push into Codex")).toMatchObject({ verdict: "ok", says: expect.stringMatching(/^ada by codex-queue/) });
  expect(of("adapters of sessions")).toMatchObject({ verdict: "ok", says: `one is of version ${VERSION}` });
  expect(of("clock")).toMatchObject({ verdict: "ok" });
});

test("a fault that cannot be mended is told, and the rest is mended all the same", async () => {
  using machine = new Machine();
  machine.set.AGENTMESH_PORT = String(await freePort());
  await machine.codex();
  machine.inCodex((text) => text.replace(OURS, "/gone/mcp/dist/main.js"));
  chmodSync(join(machine.path, ".codex/config.toml"), 0o400);
  await machine.meshOfBefore();
  chmodSync(join(machine.state, "key"), 0o644);
  const { mended, faults } = await machine.examined("--fix");
  expect(faults).toBe(1);
  expect(mended.find(({ did }) => did.includes("key"))?.failed).toBeUndefined();
  expect(modeOf(join(machine.state, "key"))).toBe(0o600);
  expect(readFileSync(join(machine.path, ".codex/config.toml"), "utf8")).toContain("/gone/");
});

describe.skipIf(whyNoTerminals !== undefined)(
  `the doctor in a terminal${whyNoTerminals === undefined ? "" : ` (skipped: ${whyNoTerminals})`}`,
  () => {
    test.each([60, 80, 200])(
      "of %d columns keeps its lines within them, but for a command to copy",
      async (columns) => {
        using machine = new Machine({ ".cursor/mcp.json": "{ no JSON" });
        machine.set.AGENTMESH_PORT = String(await freePort());
        await machine.meshOfBefore();
        chmodSync(machine.state, 0o755);
        const env = machine.env({ ...machine.set, NO_COLOR: "1", TERM: "xterm", PATH: "/usr/bin:/bin" });
        const running = startInTerminal(["doctor"], { env, cwd: machine.path, columns });
        await running.exit;
        const lines = running.stdout().split(/\r?\n/);
        expect(lines.filter((line) => line.length > columns && !/^ {9}→ (?:agentmesh|chmod|rm) /.test(line))).toEqual(
          [],
        );
        expect(running.stdout()).toContain("fault    state folder: ");
        expect(running.stdout()).toContain("2 faults");
      },
    );
  },
);
