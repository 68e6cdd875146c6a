/** At the end of every test file: no child process and no listening server is left behind. */
import { afterAll } from "vitest";
import { until } from "./until.ts";

const LEAKS = ["ProcessWrap", "TCPServerWrap", "PipeServerWrap"];

const leaked = () => process.getActiveResourcesInfo().filter((resource) => LEAKS.includes(resource));

afterAll(async () => {
  await until(() => leaked().length === 0, "child processes and servers of this test file to end").catch(() => {
    throw new Error(`left open at the end of the file: ${leaked().join(", ")}`);
  });
});
