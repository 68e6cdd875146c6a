/** A body that the disk changed: never handed out, ended with its reason, its sender told. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, until } from "testkit";
import { expect, test } from "vitest";

/** Changes one byte of a text wherever the database file has it. */
function flipByte(home: string, text: string): void {
  const path = join(home, "mesh.db");
  const bytes = readFileSync(path);
  let copies = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1), copies++) bytes.write("0", at + 3);
  expect(copies).toBeGreaterThan(0);
  writeFileSync(path, bytes);
}

test("a body that the disk changed is handed to nobody: its delivery is dead, its sender is told, the rest arrives", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  await bob.client.subscribe({ topic: "news" });
  await alice.client.send({ to: "bob", body: "rm -rf build/out" });
  const { messageId } = await alice.client.send({ to: "bob", body: "pay 1000 to carol" });
  await alice.client.publish({ topic: "news", body: "pay 1000 to dave" });
  const session = await bob.client.openSession();
  await broker.kill("SIGTERM");
  flipByte(broker.home, "pay 1000");
  await broker.start();

  const { deliveries } = await bob.client.lease({ session: session.session.id });
  expect(deliveries.map(({ message }) => message.body)).toEqual(["rm -rf build/out"]);
  const dead = await until(async () => {
    const { entries } = await bob.client.listDead();
    return entries.length === 2 ? entries : undefined;
  }, "two dead letters");
  for (const { reason, message } of dead) {
    expect(reason).toBe("corrupt_body");
    expect(message).toMatchObject({ damaged: true, body: expect.stringContaining("not shown") });
  }
  const notices = (await alice.client.lease()).deliveries.map(({ message }) => message);
  expect(notices.map(({ kind }) => kind)).toEqual(["bounce", "bounce"]);
  expect(notices.map(({ body }) => body).join()).toMatch(/to bob was damaged.*Send it again.*to news was damaged/);
  const status = await alice.client.getMessage({ message: messageId });
  expect(status.deliveries[0]?.outlook?.remedy).toBe("Send it again.");
  expect(status.deliveries[0]?.timeline.map(({ event }) => event)).toEqual(["accepted", "dead", "bounced"]);
  const delivery = status.deliveries[0]?.id ?? "1";
  await expect(bob.client.redrive({ delivery })).rejects.toMatchObject({ code: "body_damaged" });

  const shown = JSON.stringify([status, dead, notices, await broker.admin.listInbox({ agent: "bob", state: "all" })]);
  expect(shown + JSON.stringify(await broker.admin.log({ limit: 500 }))).not.toMatch(/pay .{4} to/);
  expect(broker.log().match(/"msg":"message.damaged"/g)).toHaveLength(2);
  expect(broker.log()).toContain(messageId);
  for (const { id, receipt } of deliveries) await bob.client.ack({ delivery: id, receipt });
});

test("damage is found although nobody reads: a start looks at every body", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  await alice.client.send({ to: "bob", body: "pay 1000 to carol" });
  await broker.kill("SIGTERM");
  flipByte(broker.home, "pay 1000");
  await broker.start();
  const { deliveries } = await alice.client.lease({ waitMs: 5_000 });
  expect(deliveries[0]?.message).toMatchObject({ kind: "bounce" });
});
