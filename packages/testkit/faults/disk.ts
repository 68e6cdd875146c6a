/** A disk that is full, and files that may not grow: refused with 507, nothing half done, well when there is room. */
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fillDisk, openSmallDisk, startTestBroker, tempDir, until, whyNoSmallDisks } from "testkit";
import type { FaultKind } from "./bounds.ts";
import { type Fault, sleep } from "./fault.ts";
import { once, registers } from "./once.ts";
import { loadOn, QUICK, type Site, underLoad } from "./under-load.ts";

const MIB = 1_048_576;

/** A fault as it is held, healed, and looked at meanwhile. */
interface Held {
  readonly kind: FaultKind;
  readonly hold: () => void;
  readonly holdMs: number;
  readonly heal: () => void;
  /** Must go on under the fault: what is answered, for a finding. */
  readonly acks?: () => Promise<string>;
}

/** Waits until a write is refused with `code`, checks that reads go on meanwhile, then heals and waits for a write. */
async function refusedUntil(site: Site, code: string, { kind, hold, holdMs, heal, acks }: Held): Promise<void> {
  const { broker, workload, expectations } = site;
  const over = workload.history.fault(kind);
  let answer = "";
  try {
    hold();
    await until(
      async () => {
        answer = await once(registers, broker);
        return answer !== "ok";
      },
      `a write to be refused with ${code}`,
      20_000,
    ).catch((error: Error) => expectations.expect(false, error.message));
    expectations.expect(answer === code, `a write was answered ${answer}, not ${code}`);
    const read = await once((client) => client.log({ limit: 1 }), broker);
    expectations.expect(read === "ok", `a read was answered ${read} meanwhile`);
    const acked = (await acks?.()) ?? "ok";
    expectations.expect(acked === "ok", `an ack was answered ${acked} meanwhile`);
    await sleep(holdMs);
  } finally {
    heal();
    over();
  }
  await until(async () => (await once(registers, broker)) === "ok", "a write after healing", 30_000);
}

/** A file system of 48 MiB that is filled to its last byte, and emptied again. */
export const diskFull: Fault = {
  name: "disk-full",
  missing: () => {
    const why = whyNoSmallDisks();
    return why && `${why}; file-limit does the same by a limit`;
  },
  async run(turn) {
    const room = { AGENTMESH_MIN_FREE_DISK_BYTES: String(4 * MIB), AGENTMESH_BALLAST_BYTES: String(8 * MIB) };
    using place = tempDir();
    using _ = openSmallDisk(place.path, "size=48m");
    await using broker = await startTestBroker({ home: place.path, env: { ...QUICK, ...room } });
    try {
      const filler = join(broker.home, "filler");
      const keeper = await broker.agent("keeper");
      const act = async (site: Site) => {
        await keeper.client.send({ to: "keeper", body: `kept ${site.random()}` });
        await sleep(200 + site.random() * 500);
        const acks = () =>
          once(async () => {
            const client = broker.client(keeper.token, { retryForMs: 0 });
            for (const { id, receipt } of (await client.lease()).deliveries)
              await client.ack({ delivery: id, receipt });
          }, broker);
        await refusedUntil(site, "storage_full", {
          kind: "disk full",
          hold: () => fillDisk(filler),
          holdMs: site.random() * 1_000,
          heal: () => rmSync(filler),
          acks,
        });
      };
      return await loadOn(broker, turn, { act, rounds: 6, maxGapMs: 20_000 });
    } finally {
      await broker.kill("SIGTERM");
    }
  },
};

/** `ulimit -f`, set from outside on the running broker: no file may grow beyond what it has. */
export const fileLimit: Fault = {
  name: "file-limit",
  missing: () => (spawnSync("prlimit", ["--version"]).status === 0 ? undefined : "there is no prlimit (util-linux)"),
  run: (turn) =>
    underLoad(turn, {
      act: async (site) => {
        const limit = (soft: string) => execFileSync("prlimit", ["--pid", String(site.broker.pid), `--fsize=${soft}:`]);
        await sleep(200 + site.random() * 500);
        await refusedUntil(site, "storage_full", {
          kind: "file limit",
          hold: () => limit("16384"),
          holdMs: site.random() * 1_000,
          heal: () => limit("unlimited"),
        });
      },
      rounds: 6,
      maxGapMs: 20_000,
    }),
};
