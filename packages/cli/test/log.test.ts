/** Following what happens to messages. */
import { assertInTime, startTestBroker, stopwatch, until } from "testkit";
import { expect, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

test("log --follow shows a message within a second, survives a broker restart, and ends with 0 on Ctrl-C", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await alice.client.send({ to: "alice", body: "before" });
  const following = startCli(broker.home, ["log", "--follow", "--json"]);
  await until(() => following.stdout().includes("before"));

  const ms = stopwatch();
  await alice.client.send({ to: "alice", body: "while following" });
  await until(() => following.stdout().includes("while following"));
  assertInTime(ms(), 1_000);

  await broker.kill("SIGKILL");
  await until(() => following.stderr().includes("Lost the broker"));
  await broker.start();
  await alice.client.send({ to: "alice", body: "after the restart" });
  await until(() => following.stdout().includes("after the restart"));
  await until(() => following.stderr().includes("The broker is back"));

  following.child.kill("SIGINT");
  expect((await following.exit).code).toBe(0);
  const previews = following
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).preview);
  expect(previews).toEqual(["before", "while following", "after the restart"]);
});

test("log shows one agent's messages oldest first, and one message's whole timeline by its number", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  await alice.client.send({ to: "bob", body: "to bob" });
  await alice.client.send({ to: "alice", body: "to herself" });
  const [leased] = (await alice.client.lease({ max: 1 })).deliveries;
  await alice.client.reportPush({ delivery: "1", receipt: leased?.receipt ?? "", path: "claude-inbox" });
  await alice.client.ack({ delivery: "1", evidence: "read" });

  const bobs = await cli(broker.home, ["log", "--agent", "bob"]);
  expect(bobs.stdout).toMatch(/^\d{4}-\d\d-\d\d \S+ {2}accepted +#1 +alice → bob +“to bob”\n$/);
  const one = await cli(broker.home, ["log", "--agent", "alice", "--message", "#1"]);
  expect(one.stdout).toMatch(/to herself.*accepted.*leased +attempt 1.*pushed +through claude-inbox.*acked +read/s);
  expect(await cli(broker.home, ["log", "--agent", "alice", "--message", "7"])).toMatchObject({ code: 4, stdout: "" });
  expect(await cli(broker.home, ["log", "--agent", "nobody"])).toMatchObject({ code: 4, stdout: "" });
});
