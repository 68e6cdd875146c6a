/** What a broker takes over from an earlier life, and what shows it that its own files are no longer its own. */
import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { cleanEnv, runProgram, startTestBroker, type TestBroker, until } from "testkit";
import { describe, expect, test } from "vitest";

const HOUR_MS = 3_600_000;

/** Sets the clock back by so much, for the database of a stopped broker: its times are that much later. */
function setBack(broker: TestBroker, ms: number): void {
  const db = new DatabaseSync(join(broker.home, "mesh.db"));
  db.exec(`UPDATE session SET seen_at = seen_at + ${ms}, beat_at = beat_at + ${ms}, doubted_at = doubted_at + ${ms};
    UPDATE delivery SET ready_at = ready_at + ${ms} WHERE ready_at > 0;
    UPDATE delivery SET expires_at = expires_at + ${ms}, lease_ends_at = lease_ends_at + ${ms};
    UPDATE message SET accepted_at = accepted_at + ${ms}, expires_at = expires_at + ${ms}`);
  db.close();
}

describe("after a start", () => {
  test.each([
    ["no step of the clock", 0],
    ["a step back by an hour", HOUR_MS],
    ["a step ahead by ten seconds", -10_000],
  ])("with %s nobody is online who was not heard of in this life", async (_, ms) => {
    await using broker = await startTestBroker();
    const [dead, alive] = [await broker.agent("dead"), await broker.agent("alive")];
    await dead.client.openSession({ client: "test", pushPaths: [] });
    const { session } = await alive.client.openSession({ client: "test", pushPaths: [] });
    const presence = async (name: string) =>
      (await broker.admin.listAgents()).agents.find((agent) => agent.name === name)?.presence;
    expect([await presence("dead"), await presence("alive")]).toEqual(["online", "online"]);
    await broker.kill("SIGKILL");
    setBack(broker, ms);
    await broker.start();
    expect([await presence("dead"), await presence("alive")]).toEqual(["stale", "stale"]);
    await alive.client.heartbeat({ session: session.id });
    expect([await presence("dead"), await presence("alive")]).toEqual(["stale", "online"]);
    const { deliveries } = await alive.client.send({ to: "dead", body: "still there?" });
    expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_stale");
  });

  test("with a step back by an hour a delay lasts as long as it had to", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await alice.client.openSession({ client: "test", pushPaths: [] });
    await alice.client.send({ to: "alice", body: "later", ttlMs: HOUR_MS });
    const [lease] = (await alice.client.lease()).deliveries;
    if (!lease) throw new Error("no lease");
    await alice.client.nack({ delivery: lease.id, receipt: lease.receipt, delayMs: 2_000 });
    await broker.kill("SIGTERM");
    setBack(broker, HOUR_MS);
    await broker.start();
    expect(broker.log()).toContain("clock.stepped");
    let again = lease;
    await until(
      async () => {
        const [next] = (await alice.client.lease({ waitMs: 500 })).deliveries;
        if (next) again = next;
        return next !== undefined;
      },
      "the delayed delivery",
      20_000,
    );
    expect(again.id).toBe(lease.id);
  });
});

const gone = (name: string) => (home: string) => rmSync(join(home, name));
const moved = (name: string) => (home: string) => renameSync(join(home, name), join(home, `${name}.aside`));
const replaced = (name: string) => (home: string) => {
  copyFileSync(join(home, name), join(home, "copy"));
  renameSync(join(home, "copy"), join(home, name));
};

describe("a broker that runs", () => {
  test.each([
    ["its lock deleted", gone("broker.lock"), 75, "broker.lock"],
    ["its lock replaced", replaced("broker.lock"), 75, "broker.lock"],
    ["its database moved", moved("mesh.db"), 74, "mesh.db"],
    ["its database replaced", replaced("mesh.db"), 74, "mesh.db"],
    ["the log of its database deleted", gone("mesh.db-wal"), 74, "mesh.db-wal"],
    ["the index of that log deleted", gone("mesh.db-shm"), 74, "mesh.db-shm"],
  ] as const)("stops when it finds %s, and says so", async (_, take, code, name) => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await alice.client.send({ to: "alice", body: "kept" });
    take(broker.home);
    // A signal that does nothing: only the end is waited for.
    expect((await broker.kill("SIGCONT")).code).toBe(code);
    expect(broker.log()).toContain(name);
    expect(broker.log()).toContain("It stops now");
  });

  test.skipIf(process.platform !== "linux")(
    "and cannot look at its lock still keeps a second one from its database when the lock is gone (Linux)",
    async () => {
      await using broker = await startTestBroker();
      const alice = await broker.agent("alice");
      await alice.client.send({ to: "alice", body: "kept" });
      process.kill(broker.pid, "SIGSTOP");
      for (const name of readdirSync(broker.home)) if (/^broker\.lock/.test(name)) rmSync(join(broker.home, name));
      writeFileSync(join(broker.home, "broker.lock"), "");
      const second = await runProgram("broker", ["--port", "0"], { env: cleanEnv({ AGENTMESH_HOME: broker.home }) });
      expect([second.code, second.stderr]).toEqual([3, expect.stringContaining("already serves")]);
      expect((await broker.kill("SIGCONT")).code).toBe(75);
      await broker.start();
      expect((await broker.admin.status()).deliveries.queued).toBe(1);
    },
  );
});
