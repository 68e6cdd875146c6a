/** What the machine gives: room on the disk, and a clock that agrees with the broker's. */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { shortPath } from "../describe.ts";
import { brokerNow, shortDuration } from "../terminal/clock.ts";
import { bytes, counted } from "../terminal/sizes.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";
import { command, type Site } from "./site.ts";

/** Below this the broker accepts nothing new, where no setting says otherwise. */
const USUAL_LEAST_BYTES = 256 * 1_048_576;

/** Whether there is room. */
export const disk: Check = {
  name: "disk",
  looksAt: "free room where the state folder is, and whether the broker accepts new messages",
  async look(site) {
    const storage = (await site.mesh())?.status?.storage;
    if (storage?.server !== undefined) {
      const { address, version, brokers } = storage.server;
      const shared = counted(brokers, "broker");
      return [
        ok("disk", `Postgres ${version} at ${address} keeps the mesh, open to ${shared}: its disk is looked at there`),
      ];
    }
    const free = storage?.freeBytes ?? freeAt(site.folder.path);
    const least = storage?.minFreeBytes ?? USUAL_LEAST_BYTES;
    if (storage?.closedWhy !== undefined) {
      const says = `the broker accepts nothing new: ${storage.closedWhy.replace(/\.$/, "")}`;
      return [{ verdict: "fault", about: "disk", says, remedy: command(site, "status") }];
    }
    if (free === undefined) return [skipped("disk", "the system does not say how much is free")];
    const said = `${bytes(free)} free`;
    if (free >= 2 * least) return [ok("disk", said)];
    return [
      {
        verdict: free < least ? "fault" : "warning",
        about: "disk",
        says: `${said}; below ${bytes(least)} nothing new is accepted`,
        remedy: `make room where ${shortPath(site.folder.path)} is`,
      },
    ];
  },
};

/** Free bytes where a folder is, or would be made. */
function freeAt(folder: string): number | undefined {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const { bavail, bsize } = statfsSync(there);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** From here on a signature of a webhook is refused as too old, and a certificate may be. */
const TOO_FAR_MS = 300_000;

/** Whether both clocks agree. */
export const clock: Check = {
  name: "clock",
  looksAt: "this machine's clock beside the broker's",
  look: async (site) => [await skew(site)],
};

async function skew(site: Site): Promise<Finding> {
  const about = "clock";
  const mesh = await site.mesh();
  if (mesh === undefined) return skipped(about, "no broker answers");
  // Its answer has told the clock of the command line by how much.
  const ahead = Math.round(brokerNow() - Date.now());
  const apart = Math.abs(ahead);
  if (apart === 0) return ok(about, "agrees with the broker's");
  return {
    verdict: apart > TOO_FAR_MS ? "fault" : "warning",
    about,
    says: `this machine's clock is ${shortDuration(apart)} ${ahead > 0 ? "behind" : "ahead of"} the broker's: times of messages look wrong here${apart > TOO_FAR_MS ? ", and signatures are refused" : ""}. No lease and no life of a message goes by this clock`,
    remedy: "set the clock by the network (timedatectl set-ntp true)",
  };
}
