/** GitHub Copilot CLI: its terminal program, with the extension that setup writes; and without it, by its hooks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import type { Client, ClientSession, Site } from "./client.ts";
import { agentJoined } from "./joined.ts";
import { openAiChat } from "./stubs/openai-chat.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const copilot: Client = {
  name: "copilot",
  setupName: "copilot",
  packageName: "@github/copilot",
  dialect: openAiChat,
  whenIdle: "at once",
  canary: true,
  missing: terminalMissing,
  prepare: (site) => prepare(site, {}),
  async start(site) {
    const session = await open(site);
    const connected = async () => {
      const { agents } = await site.broker.admin.listAgents();
      return agents.some(({ pushPaths }) => pushPaths.some(({ path }) => path === "copilot-extension"));
    };
    await until(connected, "the extension to come", 30_000);
    return session;
  },
};

/** The same where a person has experimental features off, so that no extension runs. */
export const copilotByHooks: Client = {
  ...copilot,
  name: "copilot-hooks",
  installedAs: copilot.name,
  whenIdle: "with the next prompt",
  prepare: (site) => prepare(site, { experimental: false }),
  start: open,
};

async function prepare({ sandbox, model }: Site, settings: object): Promise<void> {
  const folder = join(sandbox.home, ".copilot");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ trustedFolders: [sandbox.project] }));
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  Object.assign(sandbox.env, {
    COPILOT_OFFLINE: "true",
    COPILOT_AUTO_UPDATE: "false",
    COPILOT_PROVIDER_BASE_URL: `${model.url}/v1`,
    COPILOT_PROVIDER_API_KEY: "none",
    COPILOT_MODEL: "stub",
  });
}

async function open({ sandbox, broker }: Site): Promise<ClientSession> {
  const terminal = await Terminal.open(sandbox, ["copilot", "--allow-tool=agentmesh"]);
  await terminal.shows(/\/ commands/, 60_000);
  await agentJoined(broker);
  return {
    prompt: (text) => terminal.line(text),
    screen: () => terminal.screen(),
    async end() {
      await terminal.line("/exit");
      await until(async () => !(await terminal.isOpen()), "copilot to quit", 30_000);
    },
  };
}
