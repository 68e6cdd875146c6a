/** An adapter that sleeps, as a laptop does, beyond the life of its session. */
import { startTestBroker, until } from "testkit";
import { expect, test } from "vitest";
import { byChannel, session } from "./setting.ts";

/** The session is over long before the adapter wakes. */
const SHORT_LIFE = {
  AGENTMESH_HEARTBEAT_MS: "200",
  AGENTMESH_STALE_AFTER_MS: "600",
  AGENTMESH_OFFLINE_AFTER_MS: "1500",
};

test("who sleeps beyond its session is offline meanwhile, and gets its mail once and in order when it wakes", async () => {
  await using broker = await startTestBroker({ env: SHORT_LIFE });
  const { client: sender } = await broker.agent("sender");
  await using laptop = await session(broker, "laptop", { env: byChannel });
  const name = await laptop.joined();
  const send = (n: number) => sender.send({ to: name, body: `number ${n}` });
  const pushed = () =>
    laptop.channel.flatMap(({ content }) => [...content.matchAll(/^number (\d)$/gm)].map(([, n]) => n));
  const presence = async () => (await broker.admin.getAgent({ agent: name })).presence;
  await send(1);
  await until(() => pushed().length === 1, "the first push");
  process.kill(laptop.pid, "SIGSTOP");
  try {
    // Into the open stream of a process that does not read it, then to nobody.
    await send(2);
    await send(3);
    await until(async () => (await presence()) === "offline", "the end of the session");
    await send(4);
    await send(5);
    expect(pushed()).toEqual(["1"]);
  } finally {
    process.kill(laptop.pid, "SIGCONT");
  }
  await until(() => pushed().length >= 5, "what came meanwhile");
  await until(async () => (await presence()) === "online", "a session again");
  // What was leased to the session that is over came back, and came again: it is not pushed again.
  await send(6);
  await until(() => pushed().includes("6"), "the newest");
  expect(pushed()).toEqual(["1", "2", "3", "4", "5", "6"]);
});
