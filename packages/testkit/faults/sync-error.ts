/** A disk that fails to flush: what it was told to keep may be lost although the next flush succeeds. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, tempDir } from "testkit";
import type { FaultKind } from "./bounds.ts";
import { type Fault, sleep } from "./fault.ts";
import { loadOn, QUICK, type Site } from "./under-load.ts";

/** Fails every flush of a database's log while the file named in the environment is there. */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int fails(int fd) {
  const char *trigger = getenv("FAIL_SYNC_WHILE");
  char link[64], path[4096];
  if (!trigger || access(trigger, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return strstr(path, "mesh.db-wal") != NULL;
}
int fsync(int fd) {
  if (fails(fd)) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  if (fails(fd)) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
`;

const FAILED = 74;
const ENDS_WITHIN_MS = 5_000;

/** Flushes that fail: the broker must end at once instead of trying again, and have everything it answered. */
export const syncError: Fault = {
  name: "sync-error",
  missing: () =>
    process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0
      ? undefined
      : "needs Linux and a C compiler (cc)",
  async run(turn) {
    using tools = tempDir();
    const [source, shim, trigger] = ["shim.c", "shim.so", "trigger"].map((name) => join(tools.path, name));
    if (!source || !shim || !trigger) throw new Error("no paths");
    writeFileSync(source, SHIM);
    const built = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]);
    if (built.status !== 0) throw new Error(`cc: ${built.stderr}`);
    await using broker = await startTestBroker({ env: { ...QUICK, LD_PRELOAD: shim, FAIL_SYNC_WHILE: trigger } });
    const act = async (site: Site) => {
      await sleep(200 + site.random() * 500);
      const over = site.workload.history.fault("failed flush" satisfies FaultKind);
      writeFileSync(trigger, "");
      // A signal that does nothing: only the exit is waited for.
      const ended = await Promise.race([broker.kill("SIGCONT"), sleep(ENDS_WITHIN_MS)]);
      site.expectations.expect(ended?.code === FAILED, `the broker ended with ${ended?.code}, not ${FAILED}`);
      if (!ended) await broker.kill("SIGKILL");
      rmSync(trigger);
      over();
      await broker.start();
    };
    return await loadOn(broker, turn, { act, rounds: 6, maxGapMs: 20_000 });
  },
};
