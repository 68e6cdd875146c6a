/** P7: how long our programs take until they are of use, beside an empty program of the same Node. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, tempDir } from "testkit";
import { BUILDS, type Load, median } from "../load.ts";
import { startAdapter } from "../ours/adapter.ts";
import { startBroker } from "../ours/broker.ts";

const STARTS = { smoke: 1, usual: 7, whole: 15 } as const;
const PROGRAMS = ["node", "broker", "adapter", "agents", "hook"] as const;

/** The load. */
export const starts: Load = {
  id: "P7",
  title: "Starts",
  how: (size) =>
    `${STARTS[size]} starts of each a round, in turn; the middle one is told. Broker: until it says that it has started, in a folder that it has had before. Adapter: until it has answered \`initialize\`, with a broker that runs. \`agentmesh agents\` and the hook of a prompt without an adapter, as \`agentmesh setup\` writes its command: until they end.`,
  figures: [
    { key: "broker", what: "broker ready ÷ node -e 0", unit: "×", better: "less" },
    { key: "adapter", what: "adapter answers ÷ node -e 0", unit: "×", better: "less" },
    { key: "agents", what: "agentmesh agents ÷ node -e 0", unit: "×", better: "less" },
    { key: "hook", what: "hook ÷ node -e 0", unit: "×", better: "less" },
    { key: "brokerMs", what: "broker ready", unit: "ms", better: "less" },
    { key: "adapterMs", what: "adapter answers", unit: "ms", better: "less" },
    { key: "agentsMs", what: "agentmesh agents", unit: "ms", better: "less" },
    { key: "hookMs", what: "hook", unit: "ms", better: "less" },
    { key: "nodeMs", what: "node -e 0", unit: "ms", better: "less" },
  ],
  goals: [
    { figure: "broker", most: 7 },
    { figure: "adapter", most: 4.5 },
    { figure: "agents", most: 5 },
    { figure: "hook", most: 2.5 },
  ],
  sides: BUILDS,
  together: true,
  warmUps: 1,
  async open({ build }, size) {
    if (!build) throw new Error("only ours has programs");
    const running = await startBroker(build);
    const other = tempDir();
    const cwd = join(other.path, "work");
    mkdirSync(cwd);
    const env = cleanEnv({ AGENTMESH_HOME: running.home, AGENTMESH_URL: running.url });
    const once = (args: string[], input = "") => ended(args, { cwd, env, input });
    const prompt = JSON.stringify({ session_id: "bench", hook_event_name: "UserPromptSubmit", prompt: "go on", cwd });
    const hookArgs = build.hookArgs();
    const measure: Record<(typeof PROGRAMS)[number], () => Promise<number>> = {
      node: () => once(["-e", "0"]),
      async broker() {
        await using broker = await startBroker(build, { home: other.path });
        return broker.startMs;
      },
      async adapter() {
        await using adapter = await startAdapter(build, {
          home: running.home,
          cwd,
          env: { AGENTMESH_URL: running.url },
        });
        return adapter.initializeMs;
      },
      agents: () => once([build.program("cli"), "agents"]),
      hook: () => once(hookArgs, prompt),
    };
    return {
      async round() {
        const times: Record<(typeof PROGRAMS)[number], number[]> = {
          node: [],
          broker: [],
          adapter: [],
          agents: [],
          hook: [],
        };
        for (let i = 0; i < STARTS[size]; i++) for (const name of PROGRAMS) times[name].push(await measure[name]());
        const node = median(times.node);
        const [broker, adapter, agents, hook] = [
          median(times.broker),
          median(times.adapter),
          median(times.agents),
          median(times.hook),
        ];
        const ratios = { broker: broker / node, adapter: adapter / node, agents: agents / node, hook: hook / node };
        return { ...ratios, brokerMs: broker, adapterMs: adapter, agentsMs: agents, hookMs: hook, nodeMs: node };
      },
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        other[Symbol.dispose]();
      },
    };
  },
};

/** Runs Node to its end; how long that took. */
async function ended(args: string[], { cwd, env, input }: { cwd: string; env: NodeJS.ProcessEnv; input: string }) {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.on("error", () => undefined).end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - began;
}
