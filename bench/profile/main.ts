/**
 * Where a broker's processor time goes on its hot paths: what one of each costs without a profiler, and the shares of its parts
 * with one. The broker runs from its sources, so that each function is known by its file.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../load.ts";
import { describeMachine, loadNow } from "../machine/describe.ts";
import { cpuMsOf, mainCpuMsOf } from "../machine/process.ts";
import { type BrokerOptions, LASTING_SESSIONS, startBroker } from "../ours/broker.ts";
import { type Build, buildAt } from "../ours/build.ts";
import { profileTables } from "../report/profiles.ts";
import type { PathProfile, Profiles } from "./kept.ts";
import { sharesOf } from "./parts.ts";
import { type HotPath, hotPaths } from "./paths.ts";

const WARM_MS = 3_000;
const WINDOW_MS = 5_000;
const EVERY_US = 250;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    against: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
  },
});

/** The same checkout, its broker from the sources. */
function fromSources(folder: string): Build {
  return { ...buildAt(folder), program: (name) => join(folder, "packages", name, "src/main.ts") };
}

/** Does a path once on a broker of its own; the times of the window are since its start. */
async function once(build: Build, path: HotPath, nodeArgs: readonly string[]) {
  const spawned = performance.now();
  const options: BrokerOptions = { env: LASTING_SESSIONS, nodeArgs: ["--conditions=@agentmesh/source", ...nodeArgs] };
  await using broker = await startBroker(build, options);
  const go = await path.open(broker);
  await go(WARM_MS);
  const [cpu, main, began] = [cpuMsOf(broker.pid), mainCpuMsOf(broker.pid), performance.now()];
  const count = await go(WINDOW_MS);
  return {
    us: ((cpuMsOf(broker.pid) - cpu) * 1_000) / count,
    mainUs: ((mainCpuMsOf(broker.pid) - main) * 1_000) / count,
    window: [began - spawned, performance.now() - spawned] as const,
  };
}

async function profiled(build: Build, path: HotPath): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "agentmesh-profile-"));
  try {
    const args = ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${EVERY_US}`];
    const { window } = await once(build, path, args);
    const [file] = readdirSync(folder);
    if (file === undefined) throw new Error(`the broker has left no profile in ${folder}`);
    return Object.fromEntries(sharesOf(join(folder, file), ...window));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const here = process.env.INIT_CWD ?? process.cwd();
const root = fileURLToPath(new URL("../..", import.meta.url));
const rounds = Number(values.rounds);
const only = values.only?.split(",");
const builds = [...values.against.map((folder) => resolve(here, folder)), root].map(fromSources);
const loadBefore = loadNow();
const found = builds.map(({ commit }) => ({ commit, paths: [] as PathProfile[] }));
for (const path of hotPaths.filter(({ id }) => only?.includes(id) ?? true)) {
  const costs = builds.map(() => ({ us: [] as number[], mainUs: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, build] of builds.entries()) {
      const { us, mainUs } = await once(build, path, []);
      costs[i]?.us.push(us);
      costs[i]?.mainUs.push(mainUs);
    }
  }
  for (const [i, build] of builds.entries()) {
    const { us = [], mainUs = [] } = costs[i] ?? {};
    const shares = await profiled(build, path);
    const { id, title, unit } = path;
    found[i]?.paths.push({ id, title, unit, us: median(us), mainUs: median(mainUs), shares });
    console.error(`${id} ${build.commit}: ${us.map((each) => each.toFixed(0)).join(" ")} µs a ${unit}`);
  }
}
const profiles: Profiles = {
  at: new Date().toISOString(),
  command: [
    "npx -y pnpm@12 bench:profile",
    ...(only ? [`--only ${only.join(",")}`] : []),
    ...values.against.map(() => "--against DIR"),
    `--rounds ${rounds}`,
  ].join(" "),
  ...{ machine: describeMachine(), loadBefore, rounds, builds: found },
};
console.log(profileTables(profiles).join("\n"));
if (values.json !== undefined) writeFileSync(resolve(here, values.json), `${JSON.stringify(profiles, null, 2)}\n`);
