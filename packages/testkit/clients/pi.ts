/** Pi: its terminal program. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import type { Client } from "./client.ts";
import { openAiChat } from "./stubs/openai-chat.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const pi: Client = {
  name: "pi",
  setupName: "pi",
  packageName: "@earendil-works/pi-coding-agent",
  dialect: openAiChat,
  whenIdle: "at once",
  dropsWhenStopped: true,
  missing: terminalMissing,
  async prepare({ sandbox, model }) {
    const folder = join(sandbox.home, ".pi", "agent");
    mkdirSync(folder, { recursive: true });
    Object.assign(sandbox.env, { PI_OFFLINE: "1", PI_TELEMETRY: "0" });
    const stub = { baseUrl: `${model.url}/v1`, apiKey: "none", api: "openai-completions", models: [{ id: "stub" }] };
    writeFileSync(join(folder, "models.json"), JSON.stringify({ providers: { stub } }));
  },
  async start({ sandbox }) {
    const terminal = await Terminal.open(sandbox, ["pi", "--model", "stub/stub"]);
    await terminal.shows(/\bstub\b/, 60_000);
    return {
      prompt: (text) => terminal.line(text),
      stop: () => terminal.key("Escape"),
      screen: () => terminal.screen(),
      async end() {
        await terminal.line("/quit");
        await until(async () => !(await terminal.isOpen()), "pi to quit", 10_000);
      },
    };
  },
};
