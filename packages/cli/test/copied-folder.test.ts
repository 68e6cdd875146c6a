/** A copy of a state folder has the original's key and says where its broker ran: it is another folder all the same. */
import { cpSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { BrokerStatus } from "@agentmesh/protocol";
import { startTestBroker, tempDir } from "testkit";
import { expect, test, vi } from "vitest";
import { cli } from "./run-cli.ts";

// A dozen programs, one after another.
vi.setConfig({ testTimeout: 240_000 });

const Where = BrokerStatus.pick({ pid: true, url: true });

test("a copy of a state folder neither shows nor stops the original's broker, and gets one of its own", async () => {
  await using original = await startTestBroker();
  using place = tempDir();
  const copy = join(place.path, "copy");
  cpSync(original.home, copy, { recursive: true });
  const named = { AGENTMESH_URL: original.url };

  const status = await cli(copy, ["status"]);
  expect(status).toMatchObject({ code: 3, stdout: "" });
  expect(status.stderr).toContain("the broker of a folder that this one is a copy of, or the other way round");
  expect((await cli(copy, ["down"])).stdout).toContain("No broker runs");
  for (const args of [["status"], ["down"], ["up"], ["agents"]]) {
    const ended = await cli(copy, args, named);
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("serves another folder: one is a copy of the other. It was not touched");
  }
  try {
    const up = await cli(copy, ["up", "--json"]);
    expect(up.code).toBe(0);
    const own = Where.parse(JSON.parse(up.stdout));
    expect(own.url).not.toBe(original.url);
    // Both run now: each folder finds its own, and the copy does not take the other's for it by its address either.
    expect((await cli(copy, ["status"])).stdout).toContain(own.url);
    expect((await cli(copy, ["down"], named)).code).toBe(3);
    expect((await cli(original.home, ["status"])).stdout).toContain(original.url);
    expect((await cli(original.home, ["down"], { AGENTMESH_URL: own.url })).code).toBe(3);
  } finally {
    expect((await cli(copy, ["down"])).stdout).toContain("has stopped");
  }
  expect((await original.admin.status()).pid).toBe(original.pid);
});

test("a folder with the key alone is no copy: it may use a broker by its address", async () => {
  await using broker = await startTestBroker();
  using place = tempDir();
  cpSync(join(broker.home, "key"), join(place.path, "key"));
  expect(await cli(place.path, ["status"], { AGENTMESH_URL: broker.url })).toMatchObject({ code: 0 });
});

test("a folder by a symbolic link is the same folder", async () => {
  using place = tempDir();
  await using broker = await startTestBroker();
  const link = join(place.path, "link");
  symlinkSync(broker.home, link);
  expect((await cli(link, ["status"])).stdout).toContain(`pid ${broker.pid}`);
  expect((await cli(link, ["status"], { AGENTMESH_URL: broker.url })).code).toBe(0);
});

test("a folder that was moved under its broker is no copy: the broker ends, and the next one serves what is in it", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await alice.client.send({ to: "alice", body: "kept" });
  const moved = `${broker.home}-moved`;
  renameSync(broker.home, moved);
  try {
    // A signal that does nothing: only the end is waited for.
    expect((await broker.kill("SIGCONT")).code).toBe(74);
    expect(broker.log()).toContain("mesh.db");
    const status = await cli(moved, ["status"], { AGENTMESH_URL: broker.url });
    expect(status).toMatchObject({ code: 3, stdout: "" });
    expect(status.stderr).not.toContain("copy");
  } finally {
    renameSync(moved, broker.home);
  }
  await broker.start();
  expect((await broker.admin.status()).deliveries.queued).toBe(1);
});
