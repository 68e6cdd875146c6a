/** Steps of the wall clock under a running broker, by libfaketime; timers go on as they were. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { type Fault, sleep } from "./fault.ts";
import { loadOn, QUICK } from "./under-load.ts";

/** Eight days are more than a message lives. */
const EIGHT_DAYS_S = 691_200;
const STEPS_S = [3_600, 0, -3_600, 0, EIGHT_DAYS_S, 0, 1, -1, 2, 0];

function library(): string | undefined {
  const roots = ["/usr/lib", "/usr/local/lib"].filter((root) => existsSync(root));
  const folders = roots.flatMap((root) => [root, ...readdirSync(root).map((name) => join(root, name))]);
  return folders.map((folder) => join(folder, "faketime", "libfaketimeMT.so.1")).find((path) => existsSync(path));
}

/** Whether what the broker notes last is of its stepped clock. */
function followed(broker: TestBroker, offset: number): () => Promise<boolean> {
  return async () => {
    const { entries } = await broker.admin.log({ limit: 1 });
    return Math.abs(Date.parse(entries[0]?.at ?? "") - Date.now() - offset * 1_000) < 5_000;
  };
}

/** One hour ahead, back, one hour behind, back, eight days ahead, back, and a second to and fro. */
export const clockStepped: Fault = {
  name: "clock",
  missing: () => (library() ? undefined : "there is no libfaketime (Debian package libfaketime)"),
  async run(turn) {
    using folder = tempDir();
    const file = join(folder.path, "offset");
    const step = (seconds: number) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    step(0);
    const env = {
      ...QUICK,
      LD_PRELOAD: library() ?? "",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
    await using broker = await startTestBroker({ env });
    return await loadOn(broker, turn, {
      act: async ({ broker, workload, random, expectations }, round) => {
        const offset = STEPS_S[round % STEPS_S.length] ?? 0;
        await workload.during("clock step", () => step(offset));
        await sleep(400 + random() * 600);
        const stepped = await until(followed(broker, offset), "the step").catch(() => false);
        expectations.expect(stepped, `the broker's clock did not follow a step to ${offset} s`);
      },
      heal: async ({ broker }) => {
        step(0);
        await until(followed(broker, 0), "the step back");
      },
      rounds: STEPS_S.length,
      maxGapMs: 10_000,
      workload: { stepped: true },
    });
  },
};
