/** A disk that runs low or full: nothing new is accepted, what is there is read and acked, and it goes on by itself. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  fillDisk,
  openSmallDisk,
  runProgram,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
  tempDir,
  until,
  whyNoSmallDisks,
} from "testkit";
import { describe, expect, test } from "vitest";

const MIB = 1_048_576;

/** Takes space at once: much where the system can without writing it, so that what others write does not matter. */
function take(path: string): number {
  const bytes = 2_048 * MIB;
  if (spawnSync("fallocate", ["-l", String(bytes), path]).status === 0) return bytes;
  fillDisk(path, 256 * MIB);
  return 256 * MIB;
}

const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => "ok",
    (error: { code?: string }) => error.code,
  );
const intake = async (broker: TestBroker) => (await broker.admin.status()).storage.intake;

test("a disk with less free than the threshold closes the intake before anything fails; it opens by itself", async () => {
  await using broker = await startTestBroker();
  await broker.agent("alice");
  const bob = await broker.agent("bob");
  const admin = broker.client(broker.key, { retryForMs: 0 });
  const token = `am_${"a".repeat(43)}`;
  await admin.register({ name: "amy", token });
  const amy = broker.client(token, { retryForMs: 0 });
  const before = { to: "bob", body: "before", idempotencyKey: "before" };
  await amy.send(before);
  await broker.kill("SIGTERM");
  const filler = join(broker.home, "filler");
  const taken = take(filler);
  const { bavail, bsize } = statfsSync(broker.home);
  writeFileSync(join(broker.home, "config.json"), JSON.stringify({ minFreeDiskBytes: bavail * bsize + taken / 2 }));
  await broker.start();

  const refusal = await amy.send({ to: "bob", body: "more" }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "storage_full", status: 507, retryable: true });
  expect(String(refusal)).toMatch(/disk has [\d,.]+ [MG]iB left.*Free space.*minFreeDiskBytes.*goes on by itself/);
  expect(await codeOf(amy.ask({ to: "bob", body: "more?" }))).toBe("storage_full");
  expect(await codeOf(amy.publish({ topic: "news", body: "more" }))).toBe("storage_full");
  expect(await codeOf(admin.register({ name: "one-more" }))).toBe("storage_full");

  expect(await amy.send(before), "a repeated send stores nothing").toMatchObject({ duplicate: true });
  expect((await admin.register({ name: "amy", token })).created, "who comes back is not new").toBe(false);
  const { session } = await bob.client.openSession();
  await bob.client.heartbeat({ session: session.id });
  const { deliveries } = await bob.client.lease({ session: session.id });
  expect(deliveries.map(({ message }) => message.body)).toEqual(["before"]);
  await bob.client.ack({ delivery: "1", receipt: deliveries[0]?.receipt ?? "" });
  const { storage } = await broker.admin.status();
  expect(storage).toMatchObject({ intake: "closed", closedWhy: expect.stringContaining("Free space") });
  expect(storage.freeBytes).toBeLessThan(storage.minFreeBytes);

  rmSync(filler);
  await until(async () => (await intake(broker)) === "open", "the intake to open");
  expect(await codeOf(amy.send({ to: "bob", body: "after" }))).toBe("ok");
  expect(broker.log()).toMatch(/"msg":"disk.low".*"msg":"disk.enough"/s);
});

/** A broker whose state folder is a file system of 64 MiB of its own. */
async function onSmallDisk(options: TestBrokerOptions): Promise<TestBroker> {
  const broker = await startTestBroker(options);
  await broker.kill("SIGTERM");
  using kept = tempDir();
  cpSync(broker.home, kept.path, { recursive: true });
  const disk = openSmallDisk(broker.home, "size=64m");
  for (const name of readdirSync(kept.path)) cpSync(join(kept.path, name), join(broker.home, name));
  await broker.start();
  return {
    ...broker,
    async [Symbol.asyncDispose]() {
      await broker.kill("SIGTERM");
      disk[Symbol.dispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}

const noDisks = whyNoSmallDisks();

describe.skipIf(noDisks !== undefined)(`a full disk${noDisks ? ` (${noDisks})` : ""}`, () => {
  test("without ballast is named as what keeps a broker from starting", async () => {
    using home = tempDir();
    using _ = openSmallDisk(home.path, "size=1m");
    fillDisk(join(home.path, "filler"));
    const env = cleanEnv({ AGENTMESH_HOME: home.path });
    const { code, stderr } = await runProgram("broker", ["--port", "0"], { env });
    expect([code, stderr]).toEqual([77, expect.stringMatching(/The disk of .* is full.*Free space/)]);
  });

  const MESSAGES = 30;

  test.each([
    ["with a threshold", { AGENTMESH_MIN_FREE_DISK_BYTES: String(16 * MIB) }, "disk has"],
    ["without one", { AGENTMESH_MIN_FREE_DISK_BYTES: "0" }, "reserve for acks is not whole"],
  ])("%s takes every ack from the ballast, refuses what is new, and makes the ballast again", async (_, env, why) => {
    await using broker = await onSmallDisk({ env: { ...env, AGENTMESH_BALLAST_BYTES: String(16 * MIB) } });
    const alice = await broker.agent("alice");
    const bob = await broker.agent("bob");
    const sender = broker.client(alice.token, { retryForMs: 0 });
    for (let i = 0; i < MESSAGES; i++) await sender.send({ to: "bob", body: `${i} ${"x".repeat(60_000)}` });
    const ballast = () => statSync(join(broker.home, "ballast")).size;
    await until(() => ballast() === 16 * MIB, "the ballast to be made");
    const filler = join(broker.home, "filler");
    fillDisk(filler);

    const reader = broker.client(bob.token, { retryForMs: 0 });
    for (let n = 1; n <= MESSAGES; n++) {
      const [delivery] = (await reader.lease({ max: 1 })).deliveries;
      await reader.ack({ delivery: delivery?.id ?? "", receipt: delivery?.receipt ?? "" });
      fillDisk(`${filler}-${n}`);
    }
    expect(ballast()).toBeLessThan(16 * MIB);
    expect(await codeOf(sender.send({ to: "bob", body: "more" }))).toBe("storage_full");
    const { storage, deliveries } = await broker.admin.status();
    expect(storage).toMatchObject({ intake: "closed", closedWhy: expect.stringContaining(why) });
    expect(deliveries).toMatchObject({ acked: MESSAGES, queued: 0, leased: 0 });

    for (const end of ["SIGKILL", "SIGTERM"] as const) {
      await broker.kill(end);
      fillDisk(`${filler}-${end}`);
      await broker.start();
      expect((await broker.admin.status()).deliveries, `started after ${end}`).toMatchObject({ acked: MESSAGES });
    }
    for (const name of readdirSync(broker.home)) if (name.startsWith("filler")) rmSync(join(broker.home, name));
    await until(() => ballast() === 16 * MIB, "the ballast to be whole again");
    await until(async () => (await intake(broker)) === "open", "the intake to open");
    expect(await codeOf(sender.send({ to: "bob", body: "after" }))).toBe("ok");
  });
});
