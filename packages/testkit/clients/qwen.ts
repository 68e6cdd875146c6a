/** Qwen Code: its terminal program, with its inbox socket; and without it, by its hooks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import type { Client, Site } from "./client.ts";
import { agentJoined } from "./joined.ts";
import { openAiChat } from "./stubs/openai-chat.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const qwen: Client = {
  name: "qwen",
  setupName: "qwen",
  packageName: "@qwen-code/qwen-code",
  dialect: openAiChat,
  whenIdle: "at once",
  missing: terminalMissing,
  prepare: (site) => prepare(site, {}),
  async start({ sandbox, broker }) {
    const terminal = await Terminal.open(sandbox, ["qwen"]);
    await terminal.shows(/Type your message/, 90_000);
    await agentJoined(broker);
    return {
      prompt: (text) => terminal.line(text),
      screen: () => terminal.screen(),
      async end() {
        await terminal.line("/quit");
        await until(async () => !(await terminal.isOpen()), "qwen to quit", 30_000);
      },
    };
  },
};

/** The same where a person wants no words of other sessions, so that there is no inbox socket. */
export const qwenByHooks: Client = {
  ...qwen,
  name: "qwen-hooks",
  installedAs: qwen.name,
  whenIdle: "with the next prompt",
  canary: true,
  busyWith: " CALL:whoami {}",
  prepare: (site) => prepare(site, { agents: { crossSessionMessaging: false } }),
};

async function prepare({ sandbox, model }: Site, settings: object): Promise<void> {
  const folder = join(sandbox.home, ".qwen");
  mkdirSync(folder, { recursive: true });
  const quiet = { general: { disableAutoUpdate: true }, privacy: { usageStatisticsEnabled: false } };
  writeFileSync(join(folder, "settings.json"), JSON.stringify({ ...quiet, ...settings }));
  Object.assign(sandbox.env, { OPENAI_API_KEY: "none", OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: "stub" });
}
