/** Versions: of the command line, the broker, the adapters of sessions, and what npx keeps. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { userHome } from "@agentmesh/client/node";
import { plainLine, VERSION } from "@agentmesh/protocol";
import * as z from "zod";
import { skewText } from "../commands/broker/up.ts";
import { shortPath } from "../describe.ts";
import { jsonInFile } from "../json-in.ts";
import { isAlive } from "../process-alive.ts";
import { commandLine } from "../terminal/shell-word.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";

/** Whether the programs that talk to each other are of one version. */
export const versions: Check = {
  name: "versions",
  looksAt: "the versions of this command line, of the running broker, and of the adapter of each session with hooks",
  async look(site) {
    const mesh = await site.mesh();
    return [ofBroker(mesh?.status?.version ?? mesh?.version), ...ofAdapters(join(site.folder.path, "hooks"))];
  },
};

function ofBroker(version: string | undefined): Finding {
  const about = "version of the broker";
  if (version === undefined) return skipped(about, "no broker answers");
  const skew = skewText(plainLine(version, 40), VERSION);
  if (skew === undefined) return ok(about, `${VERSION}, as this command line`);
  const remedy = /agentmesh down && agentmesh up$/.exec(skew)?.[0] ?? "npm install -g agentmesh";
  return { verdict: "warning", about, says: skew.replace(/\. Bring it up to date: .*$/, ""), remedy };
}

/** What is read of the card of an adapter; those of before had no version. */
const Card = z.object({
  pid: z.int().positive(),
  kind: z.string(),
  directory: z.string(),
  version: z.string().optional(),
});

function ofAdapters(folder: string): Finding[] {
  const about = "adapters of sessions";
  const running = cardsIn(folder).filter(({ pid }) => isAlive(pid));
  if (running.length === 0) return [skipped(about, "no session with hooks runs")];
  const others = running.filter(({ version }) => version !== VERSION);
  const same = running.length - others.length;
  return [
    ...(same > 0 ? [ok(about, `${same === 1 ? "one is" : `${same} are`} of version ${VERSION}`)] : []),
    ...others.map(
      ({ pid, kind, directory, version }): Finding => ({
        verdict: "warning",
        about,
        says: `that of the ${plainLine(kind, 20)} session in ${shortPath(plainLine(directory, 300))} (pid ${pid}) is of ${version === undefined ? "a version before it said so" : `version ${plainLine(version, 40)}`}, not ${VERSION}`,
        remedy: "end that session and open it again; if it stays so, agentmesh setup",
      }),
    ),
  ];
}

function cardsIn(folder: string): z.infer<typeof Card>[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => Card.safeParse(jsonInFile(join(folder, name))).data ?? []);
}

/** What npx keeps it runs again, whatever is newer. */
export const npxCache: Check = {
  name: "npx cache",
  looksAt: "agentmesh in the cache of npx: what is run by `npx agentmesh` without a version",
  look({ env, platform }) {
    const about = "npx cache";
    const cache = join(npmCache(env, platform), "_npx");
    const kept = existsSync(cache) ? readdirSync(cache).flatMap((name) => keptIn(join(cache, name))) : [];
    if (kept.length === 0) return [ok(about, "no agentmesh in it")];
    const old = kept.filter(({ version }) => version !== VERSION);
    if (old.length === 0) return [ok(about, `agentmesh ${VERSION}, as this command line`)];
    return old.map(({ folder, name, version }) => ({
      verdict: "warning",
      about,
      says: `${name} ${version} is kept, not ${VERSION}: npx ${name} without a version runs that one`,
      remedy: commandLine(["rm", "-r", folder]),
    }));
  },
};

const PROGRAMS = ["agentmesh", "agentmesh-mcp", "agentmesh-broker"] as const;
const Manifest = z.object({ version: z.string() });

/** The first of ours that an entry of the cache has: it goes as a whole. */
function keptIn(folder: string) {
  for (const name of PROGRAMS) {
    const { data } = Manifest.safeParse(jsonInFile(join(folder, "node_modules", name, "package.json")));
    if (data) return [{ folder, name, version: plainLine(data.version, 40) }];
  }
  return [];
}

function npmCache(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const said = env.npm_config_cache || env.NPM_CONFIG_CACHE;
  if (said) return said;
  if (platform === "win32") return join(env.LOCALAPPDATA ?? userHome(env), "npm-cache");
  return join(userHome(env), ".npm");
}
