/** Cline: its terminal program, and the hub that it leaves its sessions to. */
import { freePort, until } from "testkit";
import type { Client } from "./client.ts";
import { agentJoined } from "./joined.ts";
import { openAiChat } from "./stubs/openai-chat.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** The client of the table. */
export const cline: Client = {
  name: "cline",
  setupName: "cline",
  packageName: "cline",
  dialect: openAiChat,
  whenIdle: "at once",
  missing: terminalMissing,
  async prepare({ sandbox, model }) {
    Object.assign(sandbox.env, { CLINE_HUB_PORT: String(await freePort()) });
    const provider = ["--provider", "openai-compatible", "--modelid", "stub", "--apikey", "none"];
    await sandbox.run("cline", ["auth", ...provider, "--baseurl", `${model.url}/v1`]);
  },
  async start({ sandbox, broker }) {
    const terminal = await Terminal.open(sandbox, ["cline"]);
    await terminal.shows(/\bstub\b/, 60_000);
    await agentJoined(broker);
    // What is typed while it starts is lost.
    await terminal.pressUntil("x", /❯ x/);
    for (let n = 0; n < 10; n++) await terminal.key("BSpace");
    return {
      prompt: (text) => terminal.line(text),
      screen: () => terminal.screen(),
      async end() {
        await terminal.key("C-c");
        await terminal.key("C-c");
        await until(async () => !(await terminal.isOpen()), "cline to quit", 15_000);
      },
    };
  },
};
