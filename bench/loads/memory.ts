/** M: what the sessions of one person take: five adapters and the broker, and the hook program while it runs. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv } from "testkit";
import { BUILDS, type Load, median } from "../load.ts";
import { rest } from "../machine/pause.ts";
import { type Memory, memoryOf, peakRssOf } from "../machine/process.ts";
import { type Adapter, joined, startAdapter } from "../ours/adapter.ts";
import { startBroker } from "../ours/broker.ts";

const SESSIONS = 5;
/** So long nothing is asked of them before they are looked at. */
const SETTLES_MS = { smoke: 100, usual: 5_000, whole: 30_000 } as const;
const HOOKS = { smoke: 1, usual: 5, whole: 15 } as const;

/** The load. */
export const memory: Load = {
  id: "M",
  title: "Memory of five sessions",
  how: (size) =>
    `A broker and ${SESSIONS} adapters that have joined, each sent one message to the next and read the one it got; looked at after ${SETTLES_MS[size] / 1_000} s without anything. An adapter: the middle of the five. The hook program, of a prompt and without an adapter, as \`agentmesh setup\` writes its command: the most it had while it ran, the middle of ${HOOKS[size]}.`,
  figures: [
    { key: "adapter", what: "an adapter, RSS", unit: "MiB", better: "less" },
    { key: "adapterPss", what: "an adapter, PSS", unit: "MiB", better: "less" },
    { key: "all", what: "five sessions and broker, RSS", unit: "MiB", better: "less" },
    { key: "allPss", what: "five sessions and broker, PSS", unit: "MiB", better: "less" },
    { key: "hook", what: "the hook program, most RSS", unit: "MiB", better: "less" },
  ],
  goals: [
    { figure: "adapter", most: 60 },
    { figure: "adapterPss", most: 28 },
    { figure: "all", most: 0.6, of: { side: "against", figure: "all" } },
    { figure: "allPss", most: 0.55, of: { side: "against", figure: "allPss" } },
    { figure: "hook", most: 46 },
  ],
  sides: BUILDS,
  together: false,
  warmUps: 0,
  mostRounds: 3,
  async open({ build }, size) {
    if (!build) throw new Error("only ours has sessions");
    const broker = await startBroker(build);
    const hookArgs = build.hookArgs();
    const adapters: Adapter[] = [];
    return {
      async round() {
        const names: string[] = [];
        for (let i = 0; i < SESSIONS; i++) {
          const cwd = join(broker.home, "work", `place-${i}`);
          mkdirSync(cwd, { recursive: true });
          const env = { AGENTMESH_URL: broker.url, AGENTMESH_NAME: `agent-${i}`, AGENTMESH_PUSH: "claude-channel" };
          const adapter = await startAdapter(build, { home: broker.home, cwd, env });
          adapters.push(adapter);
          names.push(await joined(adapter));
        }
        for (const [i, adapter] of adapters.entries()) {
          await adapter.tool("send_message", { to: names[(i + 1) % SESSIONS], message: "how far are you?" });
        }
        for (const adapter of adapters) await adapter.tool("check_messages");
        await rest(SETTLES_MS[size]);
        const each = adapters.map(({ pid }) => memoryOf(pid));
        const all = [...each, memoryOf(broker.pid)];
        const sum = (of: keyof Memory) => all.reduce((total, one) => total + one[of], 0);
        const hooks = [];
        for (let i = 0; i < HOOKS[size]; i++) {
          hooks.push(await hookPeak(hookArgs, broker.home));
        }
        return {
          adapter: median(each.map(({ rss }) => rss)),
          adapterPss: median(each.map(({ pss }) => pss)),
          all: sum("rss"),
          allPss: sum("pss"),
          hook: median(hooks),
        };
      },
      async [Symbol.asyncDispose]() {
        await Promise.all(adapters.map((adapter) => adapter[Symbol.asyncDispose]()));
        await broker[Symbol.asyncDispose]();
      },
    };
  },
};

/** The most memory that the hook of a prompt had, looked at as often as there is time for. */
async function hookPeak(hookArgs: readonly string[], home: string): Promise<number> {
  const child = spawn(process.execPath, hookArgs, {
    env: cleanEnv({ AGENTMESH_HOME: home }),
    stdio: ["pipe", "ignore", "inherit"],
  });
  const over = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let [peak, ended] = [0, false];
  void over.then(() => {
    ended = true;
  });
  child.stdin
    .on("error", () => undefined)
    .end(JSON.stringify({ session_id: "bench", hook_event_name: "UserPromptSubmit", prompt: "go on" }));
  while (!ended) {
    peak = Math.max(peak, peakRssOf(child.pid ?? 0) ?? 0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return peak;
}
