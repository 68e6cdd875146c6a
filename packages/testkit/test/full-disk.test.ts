/** `agentmesh up` where the disk has hardly any room: it says that the disk is full, and nothing else. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  fillDisk,
  freeBytes,
  openCrashPoints,
  openSmallDisk,
  runProgram,
  tempDir,
  whyNoCrashPoints,
  whyNoSmallDisks,
} from "testkit";
import { describe, expect, test } from "vitest";

interface Trouble {
  /** What is left of the space. */
  readonly kib?: number;
  readonly inodes?: number;
  /** A broker ran there before. */
  readonly second?: boolean;
}

/** What would be advice for another trouble. */
const WRONG = /bug in agentmesh|\n\s+at |backup|start-empty|device under it failed|ulimit/;

const cli = (home: string, ...args: string[]) =>
  runProgram("cli", args, {
    env: cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_BALLAST_BYTES: "0", AGENTMESH_MIN_FREE_DISK_BYTES: "0" }),
  });

const noDisks = whyNoSmallDisks();

describe.skipIf(noDisks !== undefined)(`agentmesh up on a disk${noDisks ? ` (${noDisks})` : ""}`, () => {
  test.each([
    ["of which nothing is left", { kib: 0 }],
    ["with room for one file", { kib: 4 }],
    ["with room for a key", { kib: 8 }],
    ["with room for half a database", { kib: 32 }],
    ["with room for a database and no log", { kib: 128 }],
    ["that filled up behind a broker", { kib: 0, second: true }],
    ["that filled up but for two pages", { kib: 8, second: true }],
    ["with hardly an inode", { inodes: 3 }],
    ["with inodes for half a state folder", { inodes: 6 }],
  ] satisfies [string, Trouble][])("%s says that it is full, and works when there is room", async (_, how) => {
    using folder = tempDir();
    const home = join(folder.path, "mesh");
    const { kib, inodes, second }: Trouble = how;
    using _disk = openSmallDisk(home, inodes === undefined ? "size=16m" : `size=16m,nr_inodes=${inodes}`);
    try {
      if (second) {
        expect((await cli(home, "up")).code).toBe(0);
        expect((await cli(home, "down")).code).toBe(0);
      }
      if (kib !== undefined) fillDisk(join(home, "filler"), freeBytes(home) - kib * 1_024);
      const { code, stderr } = await cli(home, "up");
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/is full, or has no inode left/);
      expect(stderr).toMatch(/df -h and df -i/);
      expect(stderr).not.toMatch(WRONG);
      if (inodes === undefined) rmSync(join(home, "filler"));
      else spawnSync("mount", ["-o", "remount,nr_inodes=1000", home]);
      const again = await cli(home, "up");
      expect([again.code, again.stderr]).toEqual([0, ""]);
    } finally {
      await cli(home, "down");
    }
  });
});

const missing = whyNoCrashPoints();

// As under a quota: the counts of the disk say that there is room, and every file that grows is refused.
describe.skipIf(missing !== undefined)(
  `agentmesh up where the disk counts room and gives none${missing ? ` (${missing})` : ""}`,
  () => {
    test.each([
      ["the folder of the agents", 1],
      ["the log of the lock", 3],
      ["the log of the broker", 5],
    ])(
      "says that it is full from %s on, and works when there is room",
      async (_, at) => {
        using points = openCrashPoints();
        using folder = tempDir();
        const home = join(folder.path, "mesh");
        mkdirSync(home, { mode: 0o700 });
        writeFileSync(points.trigger, "");
        const env = cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_BALLAST_BYTES: "0", ...points.env(home, at, "full") });
        const { code, stderr } = await runProgram("cli", ["up"], { env });
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/is full|no room/);
        expect(stderr).not.toMatch(WRONG);
        rmSync(points.trigger);
        try {
          const again = await cli(home, "up");
          expect([again.code, again.stderr]).toEqual([0, ""]);
        } finally {
          await cli(home, "down");
        }
      },
      120_000,
    );
  },
);
