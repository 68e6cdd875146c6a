/** Gemini CLI: its terminal program. Its hooks are its only way to messages that it did not ask for. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import type { Client } from "./client.ts";
import { agentJoined } from "./joined.ts";
import { gemini as dialect } from "./stubs/gemini.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const gemini: Client = {
  name: "gemini",
  setupName: "gemini",
  packageName: "@google/gemini-cli",
  dialect,
  whenIdle: "with the next prompt",
  canary: true,
  missing: terminalMissing,
  async prepare({ sandbox, model }) {
    const folder = join(sandbox.home, ".gemini");
    mkdirSync(folder, { recursive: true });
    Object.assign(sandbox.env, {
      GEMINI_API_KEY: "none",
      GOOGLE_GEMINI_BASE_URL: model.url,
      GEMINI_CLI_TRUST_WORKSPACE: "true",
    });
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" } },
      general: { disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
    };
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  },
  async start({ sandbox, broker }) {
    const terminal = await Terminal.open(sandbox, ["gemini", "--yolo"]);
    await terminal.shows(/Type your message/, 60_000);
    // It takes prompts before it has the tools of its MCP servers.
    await agentJoined(broker);
    return {
      prompt: (text) => terminal.line(text),
      screen: () => terminal.screen(),
      async end() {
        await terminal.key("C-d");
        await terminal.key("C-d");
        await until(async () => !(await terminal.isOpen()), "gemini to quit", 10_000);
      },
    };
  },
};
