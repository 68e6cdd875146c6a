/** At the end of every test file: no child process and no listening server is left behind. Of a failure: what sample it was in. */
import { afterAll, afterEach } from "vitest";
import { sampleSeed, thorough } from "./thorough.ts";
import { until } from "./until.ts";

const LEAKS = ["ProcessWrap", "TCPServerWrap", "PipeServerWrap"];

const leaked = () => process.getActiveResourcesInfo().filter((resource) => LEAKS.includes(resource));

afterEach(({ task }) => {
  if (thorough || task.result?.state !== "fail") return;
  console.error(
    `AGENTMESH_SAMPLE=${sampleSeed()} takes the same members of what is sampled (sampleOf in the testkit).`,
  );
});

afterAll(async () => {
  await until(() => leaked().length === 0, "child processes and servers of this test file to end").catch(() => {
    throw new Error(`left open at the end of the file: ${leaked().join(", ")}`);
  });
});
