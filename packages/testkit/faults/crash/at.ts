/** One act ended at one of its steps, the next start, and what must hold after that. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CrashHow,
  type CrashPoints,
  cleanEnv,
  type RunningProgram,
  startProgram,
  startTestBroker,
  tempDir,
  until,
  watched,
} from "testkit";
import type { CrashAct } from "./acts.ts";

/** How an act went that was to end at a step. */
export interface Ended {
  readonly steps: readonly string[];
  /** What did not hold, in sentences. */
  readonly wrong: readonly string[];
}

/** The folder an act begins with, and where in it the act is to end. */
export interface CrashPoint {
  readonly template: string;
  /** Messages that wait in it. */
  readonly waiting: number;
  /** The step, from 1; 0: at none. */
  readonly at: number;
  readonly how: CrashHow;
}

type End = Awaited<RunningProgram["exit"]>;

const ENDS_WITHIN_MS = 60_000;
/** What would be advice for another trouble than a full disk. */
const OTHER_ADVICE = /bug in agentmesh|\n\s+at |from a backup|start-empty|device under it failed|ulimit/;

/** Does an act on a copy of its folder and ends it at a step; starts again and looks. */
export async function crashedAt(points: CrashPoints, act: CrashAct, point: CrashPoint): Promise<Ended> {
  using folder = tempDir();
  const home = join(folder.path, "home");
  cpSync(point.template, home, { recursive: true });
  const { end, said } = await (act.program ? besideBroker : asBroker)(points, act, home, point);
  const steps = points.steps();
  const { at, how, waiting } = point;
  const wrong: string[] = [];
  // A broker that ended by itself: what it says to the person who started it.
  const failed = end !== undefined && end.code !== null && end.code !== 0;
  if (at === 0 && failed) wrong.push(`ended with ${end.code}: ${said}`);
  if (how === "full" && failed) {
    if (!/is full|no room/.test(said)) wrong.push(`a full disk is not named: ${said}`);
    if (OTHER_ADVICE.test(said)) wrong.push(`a full disk has other advice: ${said}`);
  }
  rmSync(points.trigger, { force: true });
  wrong.push(...(await startedAgain(act, home, waiting)));
  return { steps, wrong: wrong.map((text) => `${act.name}, ${how} at ${at} (${steps[at - 1] ?? "no step"}): ${text}`) };
}

interface Gone {
  /** How the program ended by itself; undefined when it ran on and was ended. */
  readonly end: End | undefined;
  readonly said: string;
}

type Doing = (points: CrashPoints, act: CrashAct, home: string, point: CrashPoint) => Promise<Gone>;

/** The act is a broker's. */
const asBroker: Doing = async (points, act, home, { at, how }) => {
  rmSync(points.trigger, { force: true });
  if (!act.stops) writeFileSync(points.trigger, "");
  const base = { AGENTMESH_HOME: home, AGENTMESH_BALLAST_BYTES: "0", ...act.env, ...points.env(home, at, how) };
  const args = ["--port", "0", "--log-format", "json", ...(act.args ?? [])];
  const running = startProgram("broker", args, { env: cleanEnv(base) });
  let end: End | undefined;
  running.exit.then((ended) => {
    end = ended;
  });
  const started = () => running.stdout().includes('"broker.started"') && (act.isOver?.(home) ?? true);
  try {
    await until(() => end !== undefined || started(), act.name, ENDS_WITHIN_MS);
    if (act.stops) {
      writeFileSync(points.trigger, "");
      running.child.kill("SIGTERM");
      await until(() => end !== undefined, `${act.name} to end`, ENDS_WITHIN_MS);
    }
    return { end, said: running.stderr() };
  } finally {
    running.child.kill("SIGKILL");
    await running.exit;
  }
};

/** The act is a program's, beside a broker that goes on. */
const besideBroker: Doing = async (points, act, home, { at, how }) => {
  const program = act.program?.(home);
  if (!program) throw new Error(`${act.name} has no program`);
  writeFileSync(points.trigger, "");
  await using broker = await startTestBroker({ home });
  const env = cleanEnv(points.env(home, at, how));
  const running = watched(
    spawn(process.execPath, ["-e", program.script, ...program.args], { stdio: ["pipe", "pipe", "pipe"], env }),
  );
  const end = await running.exit;
  const bob = await broker.agent("bob");
  const { messageId } = await bob.client.send({ to: "bob", body: "while a backup was made" });
  await bob.client.cancel({ message: messageId });
  return { end, said: running.stderr() };
};

/** Starts a broker as a person would, without anything that a refusal may have asked for, and uses it. */
async function startedAgain(act: CrashAct, home: string, waiting: number): Promise<string[]> {
  const wrong: string[] = [];
  // The same command as before, until it has made a mesh: that is what the person wants who gave it.
  const args = act.args && !hasMesh(home) ? act.args : [];
  try {
    await using broker = await startTestBroker({ home, logLevel: "info", args });
    const { queued } = (await broker.admin.status()).deliveries;
    if (queued !== waiting) wrong.push(`${queued} messages wait, not ${waiting}`);
    const late = await broker.agent("late");
    await late.client.send({ to: "late", body: "works" });
    const { code } = await broker.kill("SIGTERM");
    if (code !== 0) wrong.push(`the next broker ended with ${code}`);
    wrong.push(...(act.wrongIn?.(home) ?? []));
  } catch (error) {
    wrong.push(`does not start again: ${error instanceof Error ? error.message : error}`);
  }
  return wrong;
}

/** Whether a mesh stands in a folder, or nothing that says there ever was one. */
function hasMesh(home: string): boolean {
  const size = statSync(join(home, "mesh.db"), { throwIfNoEntry: false })?.size ?? 0;
  return size > 0 || !existsSync(join(home, "mesh.mark.json"));
}
