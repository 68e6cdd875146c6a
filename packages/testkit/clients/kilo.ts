/** Kilo: its terminal program, with the plugin of OpenCode. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { until } from "testkit";
import type { Client } from "./client.ts";
import { providerOf } from "./opencode.ts";
import { openAiChat } from "./stubs/openai-chat.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const kilo: Client = {
  name: "kilo",
  setupName: "kilo",
  packageName: "@kilocode/cli",
  // The binary of 7.8.1 could not be had.
  version: "7.7.7",
  dialect: openAiChat,
  whenIdle: "at once",
  missing: terminalMissing,
  async prepare(site) {
    const { sandbox } = site;
    const folder = join(sandbox.home, ".config", "kilo");
    mkdirSync(folder, { recursive: true });
    Object.assign(sandbox.env, {
      KILO_DISABLE_AUTOUPDATE: "1",
      KILO_DISABLE_MODELS_FETCH: "1",
      KILO_DISABLE_LSP_DOWNLOAD: "1",
      KILO_TELEMETRY_LEVEL: "off",
    });
    writeFileSync(join(folder, "kilo.jsonc"), `// mine\n${JSON.stringify(providerOf(site))}`);
    // The adapter of a clone beside the plugin, and the plugin once more in the project: neither may be a second agent.
    const [adapter, plugin] = ["mcp/dist/main.js", "opencode/dist/index.js"].map((path) =>
      fileURLToPath(new URL(`../../${path}`, import.meta.url)),
    );
    const mcp = { agentmesh: { type: "local", command: [process.execPath, adapter] } };
    const config = { mcp, plugin: [pathToFileURL(plugin ?? "").href] };
    writeFileSync(join(sandbox.project, "opencode.json"), JSON.stringify(config));
  },
  async connect({ broker }) {
    const { agents } = await broker.admin.listAgents({ presence: "all" });
    const names = agents.flatMap(({ name, client }) => (client === undefined || name === "person" ? [] : [name]));
    if (names.length !== 1) throw new Error(`the session is ${names.length} agents: ${names.join(", ")}`);
  },
  async start({ sandbox }) {
    const terminal = await Terminal.open(sandbox, ["kilo"]);
    await terminal.shows(/Ask anything|\bstub\b/, 60_000);
    return {
      prompt: (text) => terminal.line(text),
      screen: () => terminal.screen(),
      async end() {
        await terminal.line("/exit");
        await until(async () => !(await terminal.isOpen()), "kilo to quit", 15_000);
      },
    };
  },
};
