/** Codex: its terminal program. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import type { Client, Site } from "./client.ts";
import { openAiResponses } from "./stubs/openai-responses.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const codex: Client = {
  name: "codex",
  setupName: "codex",
  packageName: "@openai/codex",
  dialect: openAiResponses,
  whenIdle: "at once",
  lingers: "Codex's own daemon keeps the thread, and answers messages, after its terminal is closed",
  missing: terminalMissing,
  async prepare({ sandbox, model }) {
    const folder = join(sandbox.home, ".codex");
    mkdirSync(folder, { recursive: true });
    Object.assign(sandbox.env, { CODEX_HOME: folder, STUB_KEY: "none" });
    const config = `
model = "stub"
model_provider = "stub"
check_for_update_on_startup = false

[model_providers.stub]
name = "stub"
base_url = "${model.url}/v1"
wire_api = "responses"
env_key = "STUB_KEY"

[projects."${sandbox.project}"]
trust_level = "trusted"
`;
    writeFileSync(join(folder, "config.toml"), config);
  },
  async start(site) {
    const terminal = await openCodex(site, ["--dangerously-bypass-approvals-and-sandbox"]);
    return {
      prompt: (text) => terminal.line(text),
      screen: () => terminal.screen(),
      async end() {
        await terminal.line("/quit");
        await until(async () => !(await terminal.isOpen()), "codex to quit", 10_000);
      },
    };
  },
};

/** Starts it as its user does, who trusts its hooks. */
export async function openCodex({ sandbox }: Site, options: readonly string[]): Promise<Terminal> {
  const terminal = await Terminal.open(sandbox, ["codex", ...options]);
  await terminal.shows(/Hooks need review/);
  await terminal.pressUntil("Down", /› 2\. Trust all/);
  await terminal.key("Enter");
  await terminal.shows(/OpenAI Codex/);
  return terminal;
}
