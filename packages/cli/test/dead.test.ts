/** Dead letters, messages taken back, and the trace of one that is stuck. */
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

test("a rejected message is a dead letter, its sender is told, and redrive puts it back", async () => {
  const bob = await broker.agent("bob");
  expect((await cli(broker.home, ["dead"])).stdout).toContain("No dead letters.");
  await cli(broker.home, ["send", "bob", "please", "deploy"]);
  const [leased] = (await bob.client.lease()).deliveries;
  await bob.client.reject({ delivery: "1", receipt: leased?.receipt ?? "", reason: "not my job" });

  const dead = endpoints.listDead.reply.parse(JSON.parse((await cli(broker.home, ["dead", "--json"])).stdout));
  expect(dead.entries).toMatchObject([
    { to: { name: "bob" }, reason: "not my job", message: { body: "please deploy" } },
  ]);
  const notice = (await cli(broker.home, ["inbox"])).stdout;
  expect(notice).toContain("#1 from mesh");
  expect(notice).toContain("Your message to bob was given up: “not my job”.");
  const delivery = dead.entries[0]?.id ?? "";
  const traced = (await cli(broker.home, ["trace", delivery])).stdout;
  expect(traced).toContain("It was given up: “not my job”.");
  expect(traced).toContain(`agentmesh redrive ${delivery}`);

  expect((await cli(broker.home, ["redrive", delivery])).stdout).toContain("queued again");
  expect(await cli(broker.home, ["redrive", delivery])).toMatchObject({ code: 5 });
  const [again] = (await bob.client.lease()).deliveries;
  expect(again).toMatchObject({ seq: 1, attempt: 2, message: { body: "please deploy" } });
  await bob.client.ack({ delivery: "1" });
  expect(await cli(broker.home, ["redrive", "bob"])).toMatchObject({ code: 2 });
});

test("a message is taken back while nobody was given it; afterwards cancel says why not", async () => {
  const carol = await broker.agent("carol");
  const send = async (text: string) =>
    endpoints.send.reply.parse(JSON.parse((await cli(broker.home, ["send", "carol", text, "--json"])).stdout))
      .messageId;
  const [first, second] = [await send("one"), await send("two")];
  expect((await cli(broker.home, ["cancel", first])).stdout).toContain("is taken back");
  expect((await carol.client.lease()).deliveries.map(({ message }) => message.body)).toEqual(["two"]);
  const late = await cli(broker.home, ["cancel", second]);
  expect([late.code, late.stderr]).toEqual([5, expect.stringContaining("cannot be taken back")]);
  await carol.client.ack({ delivery: "2" });
});

test("the trace of a message that waits names the cause and the remedy", async () => {
  const dave = await broker.agent("dave");
  await cli(broker.home, ["send", "dave", "hello"]);
  const trace = async () => (await cli(broker.home, ["trace", "1", "--agent", "dave"])).stdout;
  expect(await trace()).toMatch(/dave has had no live session\.\s+Start a session of dave: it gets the message\./);
  const { session } = await dave.client.openSession();
  expect(await trace()).toMatch(/Nothing can be pushed to dave\.\s+Have dave look into its inbox/);
  await dave.client.heartbeat({ session: session.id, pushPaths: [{ path: "claude-inbox", failedWhy: "socket gone" }] });
  expect(await trace()).toContain("The push path claude-inbox failed: “socket gone”.");
  const [leased] = (await dave.client.lease({ session: session.id })).deliveries;
  expect(await trace()).toContain("dave has had it in hand");
  await dave.client.reportPush({ delivery: "1", receipt: leased?.receipt ?? "", path: "claude-inbox" });
  expect(await trace()).toContain("nothing has shown yet that it was read");
  await dave.client.ack({ delivery: "1" });
  expect(await trace()).not.toContain("Wait");
});
