/** Topics from the command line. */
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

test("publish says who got it and who did not; subscribe gets what was published before; topics lists both", async () => {
  const bob = await broker.agent("bob");
  await bob.client.subscribe({ topic: "build.>" });
  const published = await cli(broker.home, ["publish", "build.api.failed", "api", "is", "red"]);
  expect(published.stdout).toMatch(
    /^published on build\.api\.failed: stored for 1 of 1 subscribers\n {2}#1 for bob \(offline\)\nmsg_/,
  );
  expect((await bob.client.lease()).deliveries[0]?.message).toMatchObject({
    topic: "build.api.failed",
    body: "api is red",
  });
  await bob.client.ack({ delivery: "1" });

  const late = await cli(broker.home, ["subscribe", "build.*.failed", "--retained", "5", "--as", "late"]);
  expect(late.stdout).toBe("late is now subscribed to build.*.failed; 1 earlier messages are in the inbox\n");
  const listed = endpoints.listTopics.reply.parse(JSON.parse((await cli(broker.home, ["topics", "--json"])).stdout));
  expect(listed.topics).toMatchObject([{ topic: "build.api.failed", subscribers: 2, messages: 1 }]);
  const gone = await cli(broker.home, ["subscribe", "build.*.failed", "--unsubscribe", "--as", "late"]);
  expect(gone.stdout).toContain("late is no longer subscribed");
  expect(await cli(broker.home, ["publish", "Build", "x"])).toMatchObject({ code: 2 });
  expect((await cli(broker.home, ["inbox", "late"])).stdout).toContain("api is red");
});
