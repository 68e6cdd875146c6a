/** Gemini CLI: its terminal program. Its hooks are its only way to messages that it did not ask for. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programPath, until } from "testkit";
import type { Client, Site } from "./client.ts";
import { gemini as dialect } from "./stubs/gemini.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

const settingsFile = ({ sandbox }: Site) => join(sandbox.home, ".gemini", "settings.json");

/** The client of the table. */
export const gemini: Client = {
  name: "gemini",
  packageName: "@google/gemini-cli",
  dialect,
  whenIdle: "with the next prompt",
  missing: terminalMissing,
  async prepare(site) {
    const { sandbox, model } = site;
    mkdirSync(join(sandbox.home, ".gemini"), { recursive: true });
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
    writeFileSync(settingsFile(site), JSON.stringify(settings));
  },
  async configure(site) {
    const program = [process.execPath, programPath("mcp", true)];
    const { home } = site.broker;
    const command = `${program.map((word) => `"${word}"`).join(" ")} hook gemini --home "${home}"`;
    const hook = [{ hooks: [{ name: "agentmesh", type: "command", command, timeout: 5_000 }] }];
    const settings = {
      ...JSON.parse(readFileSync(settingsFile(site), "utf8")),
      mcpServers: { agentmesh: { command: program[0], args: program.slice(1), env: { AGENTMESH_HOME: home } } },
      hooks: { SessionStart: hook, BeforeAgent: hook, AfterTool: hook, AfterAgent: hook },
    };
    writeFileSync(settingsFile(site), JSON.stringify(settings));
  },
  async start({ sandbox }) {
    const terminal = await Terminal.open(sandbox, ["gemini", "--yolo"]);
    await terminal.shows(/Type your message/, 60_000);
    return {
      prompt: (text) => terminal.line(text),
      async end() {
        await terminal.line("/quit");
        await until(async () => !(await terminal.isOpen()), "gemini to quit", 10_000);
      },
    };
  },
};
