/** An adapter that waits takes little memory: what its start and its calls took is given back. */
import { readFileSync } from "node:fs";
import { startTestBroker, until } from "testkit";
import { expect, test } from "vitest";
import { byChannel, session } from "./setting.ts";

/** What a process has for itself alone, in MiB: the program of Node is shared by all. */
function ownMib(pid: number): number {
  const kib = /^Anonymous: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return Number(kib) / 1_024;
}

test.runIf(process.platform === "linux")("an adapter that waits gives back what it does not use", async () => {
  await using broker = await startTestBroker();
  await using adapter = await session(broker, "waiter", { env: byChannel });
  const name = await adapter.joined();
  await adapter.tool("send_message", { to: name, message: "to be read" });
  await adapter.tool("check_messages");
  // 19.0 MiB without giving back, 21.2 with V8's own settings as well; 15.6 so (Node 24.21).
  await until(() => ownMib(adapter.pid) < 17.5, "the adapter to give back what it does not use");
  expect((await adapter.tool("whoami")).text).toContain(name);
});
