/** A mesh that is moved from SQLite to Postgres and back: all of it is there, and it goes on as if it had stayed. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import {
  openWebhookReceiver,
  packagedPostgres,
  runProgram,
  startProgram,
  startTestBroker,
  tempDir,
  times,
  until,
} from "testkit";
import { describe, expect, test } from "vitest";
import { move } from "../../src/move/move.ts";
import { placeOf } from "../../src/move/place.ts";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { MovedAwayError } from "../../src/store/shared/moved-away.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { checkEngine } from "../properties/run.ts";
import type { EngineMaker } from "../properties/sqlite-world.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const KEY = `amk_${"k".repeat(43)}`;
const notice = () => {};

function moved(home: string, from: string, to: string) {
  return move({ home, sqliteDriver: "auto", notice, from: placeOf(from, home), to: placeOf(to, home) });
}

async function sql<Row extends object>(url: string, text: string): Promise<Row[]> {
  const db = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
  try {
    return await db.use((connection) => connection.script<Row>(text));
  } finally {
    await db.close();
  }
}

/** Everything that a broker's clients have made in an hour of work, in a folder that no broker serves any more. */
async function story(home: string) {
  await using broker = await startTestBroker({ home, args: ["--tls", "127.0.0.1:0"] });
  const { admin } = broker;
  await using receiver = await openWebhookReceiver();
  const ann = await broker.agent("ann", { summary: "builds" });
  const ben = await broker.agent("ben");
  const cat = await broker.agent("cat");
  const gone = await broker.agent("gone");
  await ann.client.send({ to: "ben", body: "größer als ASCII: ✓ 漢字", urgency: "interrupt" });
  const once = { to: "ben", body: "once", idempotencyKey: "the-key" };
  await ann.client.send(once);
  const { deliveries } = await ben.client.lease({ max: 1 });
  const first = deliveries[0];
  if (!first) throw new Error("nothing was leased");
  await ben.client.ack({ delivery: first.id, receipt: first.receipt });
  await ben.client.lease({ max: 1, leaseMs: 60_000 });
  await ann.client.ask({ to: "cat", body: "what is the answer?", timeoutMs: 0 });
  for (const topic of ["news", "build.api"]) await cat.client.subscribe({ topic });
  await ann.client.publish({ topic: "build.api", body: "it is built" });
  await gone.client.send({ to: "cat", body: "before I go" });
  await ann.client.send({ to: "gone", body: "too late" });
  await admin.removeAgent({ agent: "gone" });
  await admin.renameAgent({ agent: "cat", name: "tom" });
  await ann.client.setWebhook({ agent: "me", url: receiver.url });
  const { deliveries: forTom } = await cat.client.lease({ max: 1 });
  const refused = forTom[0];
  if (refused) await cat.client.reject({ delivery: refused.id, receipt: refused.receipt, reason: "no" });
  const invite = await admin.invite({ secret: `ami_${"i".repeat(43)}` });
  const { cursor, entries } = await admin.log({ limit: 500 });
  return {
    key: broker.key,
    ann,
    ben,
    cat,
    once,
    cursor,
    invite,
    events: entries.length,
  };
}

/** What a mesh tells when it is asked. */
async function told(home: string) {
  await using broker = await startTestBroker({ home, args: ["--tls", "127.0.0.1:0"] });
  const { admin } = broker;
  const { agents } = await admin.listAgents({ limit: 100 });
  const withoutSight = agents.map(({ lastSeenAt: _, presence: __, oldestQueuedMs: ___, ...agent }) => agent);
  const [log, topics, dead, found] = await Promise.all([
    admin.log({ limit: 500 }),
    admin.listTopics(),
    admin.listDead({}),
    admin.listMessages({ query: "größer" }),
  ]);
  return {
    agents: withoutSight,
    log: log.entries,
    topics,
    dead,
    found,
  };
}

describe.skipIf(version.whyNot !== undefined)(`a mesh moved to ${version.name} (${version.whyNot ?? "here"})`, () => {
  const { newDatabase } = usePostgres(version);

  test("holds all that its clients made, is served from there, and comes back as it went", async () => {
    using home = tempDir();
    const made = await story(home.path);
    const before = await told(home.path);
    const url = await newDatabase();

    const there = await moved(home.path, "sqlite", url);
    expect(there).toMatchObject({ how: "moved", from: `sqlite:${home.path}` });
    const rows = new Map(there.tables.map(({ table, rows: count }) => [table, count]));
    // What a table without a row shows is nothing.
    const filled = ["agent", "message", "delivery", "timeline", "event", "audit", "idempotency", "ask", "webhook"];
    filled.push("subscription", "topic", "former_name", "agent_word", "keeping", "invite");
    expect(filled.filter((table) => (rows.get(table) ?? 0) === 0)).toEqual([]);

    // The engine over there knows them all, and goes on where it was.
    const open = await openPostgres({ url, connections: 4 });
    const store = postgresStore(open, { notice });
    const inbox = { which: "all", afterSeq: 0, limit: 100 } as const;
    const { entries } = await store.listInbox({ agentId: made.ben.agent.id, ...inbox });
    expect(entries.map(({ message }) => message.body)).toEqual(["größer als ASCII: ✓ 漢字", "once"]);
    await store.close();

    // Nobody serves the one that was left, and a second try finds that all is done.
    const left = await runProgram("broker", ["--port", "0", "--home", home.path]);
    expect([left.code, left.stderr]).toEqual([expect.any(Number), expect.stringContaining("was moved to postgres://")]);
    expect(left.code).not.toBe(0);
    expect((await moved(home.path, "sqlite", url)).how).toBe("before");

    // The command line has the broker's program do it, and takes no password where everybody sees it.
    const secret = url.replace("mesh@", "mesh:geheim@");
    const shown = await runProgram("cli", ["--home", home.path, "move", "--from", secret, "--to", "sqlite"]);
    expect([shown.code, shown.stdout]).toEqual([expect.any(Number), ""]);
    expect(shown.stderr).toMatch(/The address has a password.*Nothing was moved/);
    expect(shown.stderr).not.toContain("geheim");
    const password = join(home.path, "password");
    writeFileSync(password, "geheim\n", { mode: 0o600 });
    const back = ["--home", home.path, "move", "--from", url, "--to", "sqlite", "--database-password-file", password];
    const typed = await runProgram("cli", back);
    expect(typed.stdout).toMatch(/^Moved the mesh from postgres:.* rows in \d+ tables, the same on both sides\./);
    expect(typed.stdout + typed.stderr).not.toContain("geheim");
    const again = await runProgram("cli", back);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("it was moved there before")]);
    const refused = await runProgram("cli", ["--home", home.path, "move", "--to", "mysql://x"]);
    expect(refused.stderr).toContain("A mesh is moved to or from sqlite");
    expect(refused.code).not.toBe(0);
    await expect(openPostgres({ url })).rejects.toBeInstanceOf(MovedAwayError);
    expect(existsSync(join(home.path, "moved.json"))).toBe(false);
    const after = await told(home.path);
    expect(after).toEqual(before);

    // Cursors, keys, tokens and numbers are of the same life.
    await using broker = await startTestBroker({ home: home.path, args: ["--tls", "127.0.0.1:0"] });
    const ann = broker.client(made.ann.token);
    expect(await ann.send(made.once)).toMatchObject({ duplicate: true });
    const whole = (await broker.admin.log({ limit: 500 })).entries;
    const behind = (await broker.admin.log({ after: made.cursor, limit: 500 })).entries;
    expect(behind).toEqual(whole.slice(made.events));
    const sent = await ann.send({ to: "ben", body: "and on" });
    expect(sent.deliveries[0]?.seq).toBe(3);
  });

  test("goes on to keep every promise, whatever was done to it before and is done after", async () => {
    const url = await newDatabase();
    let moves = 0;
    const numRuns = Number(process.env.AGENTMESH_PROPERTY_RUNS ?? times(12, 6));
    const engine: EngineMaker = (database, clock, sizes) => {
      const store = sqliteStore(database, clock, undefined, sizes);
      const home = dirname(database.db.name);
      writeFileSync(join(home, "key"), `${KEY}\n`, { mode: 0o600 });
      return {
        ...store,
        close: async () => {
          await store.close();
          await sql(url, "DROP SCHEMA IF EXISTS agentmesh CASCADE");
          const there = await moved(home, "sqlite", url);
          const back = await moved(home, url, "sqlite");
          expect(back.tables).toEqual(there.tables);
          moves += 1;
        },
      };
    };
    // Not every history has a restart: more are drawn until half as many meshes were moved.
    for (let rounds = 0; rounds === 0 || (rounds < 5 && moves < numRuns / 2); rounds += 1) {
      const limits = { numRuns, interruptAfterTimeLimit: 600_000 };
      const { details } = await checkEngine(() => engine, limits, ["restart"]);
      if (details.failed) throw new Error(`${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}`);
      expect(details.numRuns).toBe(numRuns);
    }
    expect(moves, "meshes were moved").toBeGreaterThanOrEqual(numRuns / 2);
  }, 700_000);

  test("is refused while a broker has either end, and between a mesh and another one", async () => {
    using home = tempDir();
    const url = await newDatabase();
    {
      await using broker = await startTestBroker({ home: home.path });
      await broker.agent("ann");
      await expect(moved(home.path, "sqlite", url)).rejects.toThrow(/A broker has sqlite:.* open.*agentmesh down/);
    }
    const seated = await openPostgres({ url });
    await seated.seat.settle();
    await expect(moved(home.path, "sqlite", url)).rejects.toThrow(/A broker has postgres:.* open/);
    await seated.db.close();
    await moved(home.path, "sqlite", url);

    using other = tempDir();
    {
      await using broker = await startTestBroker({ home: other.path });
      await broker.agent("ben");
    }
    await expect(moved(other.path, "sqlite", url)).rejects.toThrow("holds another mesh");
    using keyless = tempDir();
    await expect(moved(home.path, url, `sqlite:${keyless.path}`)).rejects.toThrow("is not the mesh key");
    copyFileSync(join(home.path, "key"), join(keyless.path, "key"));
    expect((await moved(home.path, url, `sqlite:${keyless.path}`)).how).toBe("moved");
    await expect(moved(home.path, url, "sqlite")).rejects.toThrow(/was moved to sqlite:.* already/);
    await expect(moved(keyless.path, "postgres://nobody:geheim@127.0.0.1:1/mesh", "sqlite")).rejects.not.toThrow(
      "geheim",
    );
    expect(() => placeOf("mysql://x", home.path)).toThrow("postgres://USER@HOST/DATABASE");
  });

  test("that was cut off anywhere begins anew or is finished, and is never there twice", async () => {
    using home = tempDir();
    await story(home.path);
    const url = await newDatabase();
    const program = (...args: readonly string[]) => startProgram("broker", ["move", "--home", home.path, ...args]);
    // Killed in the middle of its transaction, where the database holds it up.
    await (await openPostgres({ url })).db.close();
    await sql(url, "CREATE RULE slow AS ON INSERT TO agentmesh.subscription DO ALSO SELECT pg_sleep(600)");
    const child = program("--to", url);
    const sleeping = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    await until(async () => (await sql(url, sleeping)).length > 0, "the move to be in the middle");
    child.child.kill("SIGKILL");
    await child.exit;
    await sql(url, `SELECT pg_terminate_backend(pid) FROM (${sleeping}) s`);
    await until(async () => (await sql(url, sleeping)).length === 0, "its transaction to end");
    expect(await sql(url, "SELECT 1 FROM agentmesh.message"), "nothing is there").toEqual([]);
    await sql(url, "DROP RULE slow ON agentmesh.subscription");
    const first = await moved(home.path, "sqlite", url);
    expect(first.how).toBe("moved");
    // Killed at any time on the way back.
    let kills = 0;
    for (let done: number | null = null, afterMs = 200; done !== 0; afterMs *= 1.3) {
      const back = program("--from", url, "--to", "sqlite");
      const timer = setTimeout(() => back.child.kill("SIGKILL"), afterMs);
      done = (await back.exit).code;
      clearTimeout(timer);
      if (done === null) kills += 1;
    }
    expect(kills).toBeGreaterThan(0);
    const again = await moved(home.path, "sqlite", url);
    expect([again.how, again.tables]).toEqual(["moved", first.tables]);
    // Between the commit there and the note here: the next try finds the same on both sides, and notes it.
    rmSync(join(home.path, "moved.json"));
    expect((await moved(home.path, "sqlite", url)).how).toBe("finished");
    // Where the one that is there went on, nothing is taken for the other.
    rmSync(join(home.path, "moved.json"));
    await sql(url, "UPDATE agentmesh.agent SET profile = '{\"summary\":\"went on\"}' WHERE name = 'ann'");
    await expect(moved(home.path, "sqlite", url)).rejects.toThrow(/gone on without the other: agent has/);
    expect(readFileSync(join(home.path, "key"), "utf8")).toContain("amk_");
  });

  test("is taken back where the target does not hold what the source does", async () => {
    using home = tempDir();
    await story(home.path);
    const url = await newDatabase();
    const open = await openPostgres({ url });
    await open.db.close();
    await sql(url, "CREATE RULE lose AS ON INSERT TO agentmesh.subscription DO INSTEAD NOTHING");
    await expect(moved(home.path, "sqlite", url)).rejects.toThrow(/subscription has 2 rows.*nothing was moved/);
    expect(await sql(url, "SELECT 1 FROM agentmesh.message"), "nothing is left of it").toEqual([]);
    await sql(url, "DROP RULE lose ON agentmesh.subscription");
    expect((await moved(home.path, "sqlite", url)).how).toBe("moved");
  });
});
