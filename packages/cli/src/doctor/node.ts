/** The Node that runs this, and the one that `npx` and scripts of this shell find. */
import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { systemEnvironment } from "@agentmesh/client/node";
import { plainLine } from "@agentmesh/protocol";
import { shortPath } from "../describe.ts";
import { programOnPath } from "../setup/program-on-path.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";

const ANSWERS_WITHIN_MS = 10_000;
const NEEDED = [22, 18] as const;

/** Whether both are new enough. */
export const node: Check = {
  name: "node",
  looksAt: "the Node that runs this command line, and the one on PATH, which `npx` takes",
  look({ env, platform }) {
    const own = ok("Node", `${process.versions.node} runs this command line, ${shortPath(process.execPath)}`);
    const onPath = programOnPath("node", env, platform);
    if (onPath === undefined)
      return [own, skipped("Node on PATH", "there is none; what setup writes names its Node by its path")];
    if (isSame(onPath, process.execPath)) return [own];
    return [own, judged("Node on PATH", onPath, env)];
  },
};

/** What is said of a Node by the version that it answers with. */
export function judged(about: string, path: string, env: NodeJS.ProcessEnv): Finding {
  const version = versionOf(path, env);
  const named = shortPath(path);
  if (version === undefined)
    return { verdict: "warning", about, says: `${named} does not say its version`, remedy: `${path} --version` };
  if (isEnough(version)) return ok(about, `${version}, ${named}`);
  return {
    verdict: "warning",
    about,
    says: `${named} is ${version}; agentmesh needs ${NEEDED.join(".")} or newer, and does not start under it`,
    remedy: "install a newer Node from https://nodejs.org, then agentmesh setup",
  };
}

function versionOf(path: string, env: NodeJS.ProcessEnv): string | undefined {
  try {
    const options = {
      env: systemEnvironment(env),
      timeout: ANSWERS_WITHIN_MS,
      encoding: "utf8",
      stdio: "pipe",
    } as const;
    const said = plainLine(execFileSync(path, ["--version"], options), 40);
    return /^v(\d+\.\d+\.\d+\S*)$/.exec(said.trim())?.[1];
  } catch {
    return undefined;
  }
}

function isEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
