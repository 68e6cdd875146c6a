/** The broker's program on a database of Postgres: how it is told of it, what it refuses, and what becomes of one that is away. */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MeshApiError } from "@agentmesh/client";
import { brokerExits } from "@agentmesh/protocol";
import {
  cleanEnv,
  packagedPostgres,
  runProgram,
  startPostgres,
  startProgram,
  startTestBroker,
  tempDir,
  until,
} from "testkit";
import { describe, expect, test } from "vitest";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { usePostgres } from "./postgres-engine.ts";
import { folderWithKeyOf } from "./postgres-pair.ts";

const version = packagedPostgres();

async function sql(url: string, text: string): Promise<void> {
  const db = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
  try {
    await db.use((connection) => connection.script(text));
  } finally {
    await db.close();
  }
}

function start(home: string, ...args: readonly string[]) {
  return runProgram("broker", ["--port", "0", "--home", home, ...args], { env: cleanEnv() });
}

describe.skipIf(version.whyNot !== undefined)(`a broker on ${version.name} (${version.whyNot ?? "here"})`, () => {
  const { newDatabase, server } = usePostgres(version);

  test("keeps its mesh there, and one with a copy of its key serves the same agents, tokens and mail", async () => {
    const url = await newDatabase();
    await using first = await startTestBroker({ args: ["--database", url] });
    using folder = folderWithKeyOf(first.home);
    await using second = await startTestBroker({ home: folder.path, env: { AGENTMESH_DATABASE: url } });
    const ann = await first.agent("ann");
    const ben = await second.agent("ben");
    const inbox = ben.client.inbox({ signal: AbortSignal.timeout(60_000) });
    await ann.client.send({ to: "ben", body: "across" });
    for await (const delivery of inbox) {
      expect(delivery.message.body).toBe("across");
      await delivery.ack();
      break;
    }
    expect((await first.client(ben.token).listAgents({})).agents.map(({ name }) => name).sort()).toEqual([
      "ann",
      "ben",
    ]);

    const told = await Promise.all([first, second].map(({ admin }) => admin.status()));
    for (const { storage } of told) {
      expect(storage).toMatchObject({ engine: "postgres", synchronous: "full", intake: "open" });
      expect(storage.server).toMatchObject({ address: url, version: expect.stringMatching(/^18/), brokers: 2 });
    }
    expect(told.filter(({ storage }) => storage.server?.isOnDuty)).toHaveLength(1);
    expect(new Set(told.map(({ instanceId }) => instanceId)).size).toBe(1);
    const health = await fetch(`${second.url}/health`);
    expect(await health.json()).toMatchObject({ status: "ok", engine: "postgres" });
    const shown = await runProgram("cli", ["--home", second.home, "status"], { env: cleanEnv() });
    expect(shown.stdout).toMatch(
      /database +Postgres 18\S* at postgres:\/\/mesh@\/.*, 2 brokers, (this|another) one is on duty/,
    );
    const doctor = await runProgram("cli", ["--home", second.home, "doctor"], { env: cleanEnv() });
    expect(doctor.stdout).toContain("keeps the mesh, open to 2 brokers");
    // What is of SQLite is not there.
    expect(readdirSync(first.home).filter((name) => /^mesh\.|ballast|backups/.test(name))).toEqual([]);
  });

  test("is refused with another key than its mesh has, or without one, and makes none", async () => {
    const url = await newDatabase();
    await using first = await startTestBroker({ args: ["--database", url] });
    await first.agent("ann");
    using keyless = tempDir();
    const without = await start(keyless.path, "--database", url);
    expect(without.code).toBe(brokerExits.database.code);
    expect(without.stderr).toMatch(/has a key already, and .* has none\. Copy the file key/);
    expect(existsSync(join(keyless.path, "key"))).toBe(false);
    writeFileSync(join(keyless.path, "key"), `amk_${"x".repeat(43)}\n`, { mode: 0o600 });
    const other = await start(keyless.path, "--database", url);
    expect([other.code, other.stderr]).toEqual([
      brokerExits.database.code,
      expect.stringMatching(/has another key than .*key\. Copy the file key/),
    ]);
  });

  test("takes its password from a file, from an address that is not on the command line, or as pg does, and shows none of them", async () => {
    using folder = tempDir();
    const hba = join(folder.path, "hba.conf");
    // The server is another user.
    chmodSync(folder.path, 0o755);
    writeFileSync(hba, "local all guarded scram-sha-256\nlocal all all trust\n", { mode: 0o644 });
    await using guarded = await startPostgres(version);
    const open = guarded.addressOf("postgres");
    await sql(open, "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'ge heim&1'");
    await sql(open, `ALTER SYSTEM SET hba_file = '${hba}'`);
    await guarded.kill();
    await guarded.start();
    const url = open.replace("mesh@", "guarded@");
    const password = join(folder.path, "password");
    writeFileSync(password, "ge heim&1\n", { mode: 0o600 });
    const home = join(folder.path, "home");

    const shown = await start(home, "--database", url.replace("guarded@", "guarded:geheim@"));
    expect([shown.code, shown.stderr]).toEqual([
      brokerExits.settings.code,
      expect.stringContaining("--database has a password"),
    ]);
    expect(shown.stdout + shown.stderr).not.toContain("geheim");
    const wrong = await start(home, "--database", url);
    expect(wrong.code).toBe(brokerExits.database.code);
    expect(wrong.stderr).toMatch(/refused the broker \(it asks for a password\)\. Correct the user/);
    writeFileSync(join(folder.path, "wrong"), "other", { mode: 0o600 });
    const denied = await start(home, "--database", url, "--database-password-file", join(folder.path, "wrong"));
    expect([denied.code, denied.stderr]).toEqual([
      brokerExits.database.code,
      expect.stringMatching(/password authentication failed.*Correct the user in --database/),
    ]);
    writeFileSync(join(folder.path, "open"), "ge heim&1", { mode: 0o644 });
    const seen = await start(home, "--database", url, "--database-password-file", join(folder.path, "open"));
    expect([seen.code, seen.stderr]).toEqual([brokerExits.stateFolder.code, expect.stringContaining("Run: chmod o= ")]);

    const pgpass = join(folder.path, "pgpass");
    writeFileSync(pgpass, "*:*:*:guarded:ge heim&1\n", { mode: 0o600 });
    const inAddress = url.replace("guarded@", `guarded:${encodeURIComponent("ge heim&1")}@`);
    const ways = [
      { args: ["--database", url, "--database-password-file", password], env: {} },
      { args: [], env: { AGENTMESH_DATABASE: inAddress } },
      { args: ["--database", url], env: { PGPASSFILE: pgpass } },
    ];
    for (const how of ways) {
      await using broker = await startTestBroker({ home, ...how });
      const { storage } = await broker.admin.status();
      expect(storage.server?.address).toBe(url);
      const config = await runProgram("broker", ["config", "--home", home, ...how.args], { env: cleanEnv(how.env) });
      const said = [
        broker.log(),
        config.stdout,
        JSON.stringify(storage),
        readFileSync(`/proc/${broker.pid}/cmdline`, "utf8"),
      ];
      expect(said.join("\n")).not.toMatch(/ge( |%20)heim/);
    }
  });

  test("is not opened where it would lose what it is given, is not there, or cannot be reached in time", async () => {
    await using unsafe = await startPostgres(version, { synchronous_commit: "off" });
    using home = tempDir();
    const refused = await start(home.path, "--database", unsafe.addressOf("postgres"));
    expect([refused.code, refused.stderr]).toEqual([
      brokerExits.database.code,
      expect.stringContaining(
        "synchronous_commit is off, and a crash would lose what was accepted. Set synchronous_commit = on.",
      ),
    ]);
    const missing = await start(home.path, "--database", unsafe.addressOf("nowhere"));
    expect([missing.code, missing.stderr]).toEqual([
      brokerExits.database.code,
      expect.stringMatching(/database "nowhere" does not exist\)\. Make the database/),
    ]);
    await unsafe.kill();
    const away = await start(home.path, "--database", unsafe.addressOf("postgres"), "--database-wait-ms", "300");
    expect([away.code, away.stderr]).toEqual([
      brokerExits.later.code,
      expect.stringMatching(/could not be reached for 300 ms \(.+\)\. Start it, or correct --database/),
    ]);
    expect(existsSync(join(home.path, "key"))).toBe(false);
    const wrong = await start(home.path, "--database", "mysql://user:geheim@host/x");
    expect([wrong.code, wrong.stderr]).toEqual([
      brokerExits.settings.code,
      expect.stringContaining("postgres://USER@HOST/DATABASE"),
    ]);
    expect(wrong.stderr).not.toContain("geheim");
  });

  test("is waited for at a start, which a signal ends", async () => {
    await using late = await startPostgres(version);
    await late.kill();
    using home = tempDir();
    const args = ["--port", "0", "--log-format", "json", "--database", late.addressOf("postgres")];
    const ended = startProgram("broker", [...args, "--home", join(home.path, "a")], { env: cleanEnv() });
    const waits = startProgram("broker", [...args, "--home", join(home.path, "b")], { env: cleanEnv() });
    for (const each of [ended, waits]) await until(() => each.stdout().includes("store.awaited"), "it to wait");
    ended.child.kill("SIGTERM");
    expect((await ended.exit).code).toBe(brokerExits.stopped.code);
    await late.start();
    await until(() => waits.stdout().includes('"broker.started"'), "it to start when the database does");
    waits.child.kill("SIGTERM");
    expect((await waits.exit).code).toBe(brokerExits.stopped.code);
  });

  test("that is away while it serves answers 503 and when to ask again, keeps its streams, and goes on by itself", async () => {
    const url = await newDatabase();
    await using broker = await startTestBroker({ args: ["--database", url] });
    const ann = await broker.agent("ann");
    const ben = await broker.agent("ben");
    const got: string[] = [];
    const stopped = new AbortController();
    const opened = () => (broker.log().match(/"url":"[^"]*\/stream/g) ?? []).length;
    const reading = (async () => {
      for await (const delivery of ben.client.inbox({ signal: stopped.signal })) {
        got.push(delivery.message.body);
        await delivery.ack();
      }
    })();
    await ann.client.send({ to: "ben", body: "before" });
    await until(() => got.includes("before"), "the stream to bring it");
    const before = opened();
    await server().kill();
    const refused = await broker
      .client(ann.token, { retryForMs: 0 })
      .send({ to: "ben", body: "meanwhile", idempotencyKey: "meanwhile" })
      .catch((error: unknown) => error);
    if (!(refused instanceof MeshApiError)) throw new Error("it was accepted while the database was away");
    expect(refused.status).toBe(503);
    expect(refused).toMatchObject({ code: "store_unavailable", problem: { retryAfterMs: expect.any(Number) } });
    expect(refused.message).toMatch(/The database cannot be reached \(.+\); nothing was stored: ask again in a moment/);
    const health = await fetch(`${broker.url}/health`);
    expect(health.status, "its process is well").toBe(200);
    await server().start();
    await ann.client.send({ to: "ben", body: "meanwhile", idempotencyKey: "meanwhile" });
    await ann.client.send({ to: "ben", body: "after" });
    await until(() => got.includes("after"), "the stream to go on");
    expect(got).toEqual(["before", "meanwhile", "after"]);
    expect(opened(), "streams that were opened").toBe(before);
    expect((await broker.admin.status()).streams).toBe(1);
    stopped.abort();
    await reading.catch(() => {});
  });
});
