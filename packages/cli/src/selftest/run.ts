/** `agentmesh selftest`: what is promised, tried on this machine in a mesh that is thrown away. */
import { fileURLToPath } from "node:url";
import { Hindrance, MeshApiError } from "@agentmesh/client";
import { plainLine, VERSION } from "@agentmesh/protocol";
import { CommandEnd } from "../command-error.ts";
import type { Context } from "../context.ts";
import { isConfigured, startsServer, surroundingsOf, survey } from "../setup/survey.ts";
import { jsonText, print, style, tell, terminalWidth } from "../terminal/output.ts";
import { pad, textWidth, wrapped } from "../terminal/text-width.ts";
import { inFrame } from "../terminal/waiting.ts";
import { adapterTool, clientTrials } from "./clients.ts";
import { streamPath, waitPath, webhookPath } from "./paths.ts";
import { expiredLease, killedBroker } from "./recovery.ts";
import { forgedSender, fullInbox, tokenInAddress } from "./refusals.ts";
import { Failed } from "./steps.ts";
import { type Programs, ThrowAwayMesh } from "./throw-away-mesh.ts";
import type { Trial } from "./trial.ts";

/** How one trial went. */
export interface Tried {
  readonly name: string;
  readonly passed: boolean;
  readonly ms: number;
  /** What was measured, or why it did not pass. */
  readonly says: string;
}

const starts: Trial = {
  name: "broker starts",
  async run(mesh) {
    await mesh.start();
    return `at ${mesh.url}, proved that it holds the key of its folder`;
  },
};

const always: readonly Trial[] = [
  ...[starts, streamPath, waitPath, webhookPath, adapterTool],
  ...[killedBroker, expiredLease, forgedSender, fullInbox, tokenInAddress],
];

/** Runs all of it with the programs of this installation. @throws CommandEnd when something does not pass, CommandError for a signal */
export async function selftest(context: Context): Promise<void> {
  const found = await survey(context, "setup", {}, surroundingsOf(context.env, false));
  // One that has a plugin in the place of the adapter reads the stream, which is tried anyhow.
  const configured = found.planned.filter((one) => isConfigured(one) && startsServer(one)).map(({ client }) => client);
  const programs = {
    broker: fileURLToPath(import.meta.resolve("agentmesh-broker/bin")),
    adapter: fileURLToPath(import.meta.resolve("agentmesh-mcp/bin")),
  };
  const trials = [...always, ...clientTrials(configured)];
  const width = Math.max(...trials.map(({ name }) => textWidth(name)));
  const tried = await tryAll({
    programs,
    trials,
    env: context.env,
    json: context.json,
    onTried: (one) => (context.json ? Promise.resolve() : print(row(one, width))),
  });
  const failed = tried.filter(({ passed }) => !passed).length;
  if (context.json) await print(jsonText({ version: VERSION, passed: tried.length - failed, failed, trials: tried }));
  else await tell(lastLine(tried.length, failed));
  if (failed > 0) throw new CommandEnd("faulty");
}

/** What is tried, and who is told of each trial. */
export interface TryTerms {
  readonly programs: Programs;
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  readonly trials?: readonly Trial[];
  onTried?(tried: Tried): Promise<void>;
}

/** Runs trials one after another in a mesh of their own, of which nothing is left. @throws CommandError for a signal */
export async function tryAll({ programs, env, json, trials = always, onTried }: TryTerms): Promise<Tried[]> {
  await using mesh = new ThrowAwayMesh(programs, env);
  let now = "";
  return await inFrame({
    json,
    what: () => (now === "" ? "the self-test" : now),
    async stands() {
      await mesh[Symbol.asyncDispose]();
      return "Nothing of the self-test is left on this machine.";
    },
    async call(signal) {
      const tried: Tried[] = [];
      for (const trial of trials) {
        now = `the self-test: ${trial.name}`;
        const one = await tryOne(trial, mesh);
        if (signal.aborted) break;
        tried.push(one);
        await onTried?.(one);
      }
      return tried;
    },
  });
}

async function tryOne(trial: Trial, mesh: ThrowAwayMesh): Promise<Tried> {
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  try {
    // A trial before may have ended it.
    if (trial !== starts) await mesh.start();
    const says = await trial.run(mesh);
    return { name: trial.name, passed: true, ms: took(), says };
  } catch (error) {
    return { name: trial.name, passed: false, ms: took(), says: reasonOf(error) };
  }
}

/** What did not pass, in a sentence; of a bug the stack says more than that. */
function reasonOf(error: unknown): string {
  if (error instanceof Failed || error instanceof Hindrance || error instanceof MeshApiError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function row({ name, passed, ms, says }: Tried, width: number): string {
  const head = `${pad(name, width)}  ${`${ms} ms`.padStart(8)}  `;
  const by = " ".repeat(6 + head.length);
  const room = terminalWidth() - by.length;
  const said = plainLine(says, 1_000);
  const isNarrow = room < 30;
  const lines = isNarrow
    ? wrapped(said, terminalWidth() - 6)
        .map((line) => `\n${" ".repeat(6)}${line}`)
        .join("")
    : wrapped(said, room).join(`\n${by}`);
  return `${passed ? style("green", "pass") : style("red", "FAIL")}  ${isNarrow ? head.trimEnd() : head}${lines}`;
}

function lastLine(count: number, failed: number): string {
  return failed === 0
    ? `All ${count} passed. Nothing of it is left on this machine.`
    : `${failed} of ${count} did not pass. What this machine is like: agentmesh doctor`;
}
