/** The network of machines that other tests stand on. */
import { spawn } from "node:child_process";
import { type LanMachine, openLan, watched, whyNoLan } from "testkit";
import { describe, expect, test } from "vitest";

const why = whyNoLan();

/** Whether one machine reaches an address from its own, within a second. */
async function reaches(from: LanMachine, address: string): Promise<boolean> {
  const ask = `const s = require("net").connect({ host: "${address}", port: 9, timeout: 1000 });
    s.on("error", (e) => process.exit(e.code === "ECONNREFUSED" ? 0 : 1)); s.on("timeout", () => process.exit(1));`;
  const [command = "", ...args] = [...from.inside, process.execPath, "-e", ask];
  const { code } = await watched(spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })).exit;
  return code === 0;
}

describe.skipIf(why !== undefined)(`machines on one switch${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  test("reach each other, not one that is unplugged, and one that has moved under its new address alone", async () => {
    await using lan = await openLan(["one", "two"]);
    const [one, two] = [lan.machine("one"), lan.machine("two")];
    expect(await reaches(one, two.address)).toBe(true);
    two.unplug();
    expect(await reaches(one, two.address)).toBe(false);
    two.plug();
    expect(await reaches(one, two.address)).toBe(true);
    const before = two.address;
    two.move();
    expect(two.address).not.toBe(before);
    expect(await reaches(one, two.address)).toBe(true);
    expect(await reaches(one, before)).toBe(false);
  });
});
