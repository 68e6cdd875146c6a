/** OpenClaw: its gateway, to which the broker posts, with the MCP adapter to answer. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, programPath, until } from "testkit";
import * as z from "zod";
import type { Client, Site } from "./client.ts";
import { openAiChat } from "./stubs/openai-chat.ts";

const Config = z.looseObject({
  hooks: z.looseObject({ token: z.string() }),
  gateway: z.looseObject({ port: z.int() }),
});
const configFile = ({ sandbox }: Site) => join(sandbox.home, ".openclaw", "openclaw.json");
const configOf = (site: Site) => Config.parse(JSON.parse(readFileSync(configFile(site), "utf8")));

/** The client of the table. */
export const openclaw: Client = {
  name: "openclaw",
  setupName: "openclaw",
  packageName: "openclaw",
  dialect: openAiChat,
  whenIdle: "at once",
  async prepare(site) {
    const { sandbox, model } = site;
    mkdirSync(join(configFile(site), ".."), { recursive: true });
    const stub = {
      id: "stub",
      name: "stub",
      reasoning: false,
      input: ["text"],
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      contextWindow: 100_000,
      maxTokens: 4_000,
    };
    const config = {
      gateway: {
        mode: "local",
        port: await freePort(),
        bind: "loopback",
        auth: { mode: "token", token: "for-this-test" },
      },
      agents: { defaults: { model: { primary: "stub/stub" }, workspace: sandbox.project, skipBootstrap: true } },
      models: {
        mode: "merge",
        providers: {
          stub: { baseUrl: `${model.url}/v1`, apiKey: "none", api: "openai-completions", models: [stub] },
        },
      },
      // Tools that are searched for are not in the request, and the stub does not search.
      tools: { toolSearch: false, codeMode: { enabled: false } },
    };
    writeFileSync(configFile(site), JSON.stringify(config, null, 2));
  },
  async start(site) {
    const { sandbox } = site;
    const { port } = configOf(site).gateway;
    const gateway = sandbox.start("openclaw", ["gateway", "run"]);
    await until(
      async () => (await fetch(`http://127.0.0.1:${port}/hooks/wake`).catch(() => undefined))?.status === 405,
      "the gateway to take hooks",
      90_000,
    );
    return {
      async prompt(text) {
        sandbox.start("openclaw", ["agent", "--agent", "main", "--message", text]);
      },
      async end() {
        gateway.child.kill("SIGTERM");
        await gateway.over;
      },
    };
  },
  async connect(site, agent) {
    const { sandbox } = site;
    const { hooks, gateway } = configOf(site);
    const tokenFile = join(sandbox.home, "hooks-token");
    writeFileSync(tokenFile, hooks.token, { mode: 0o600 });
    const set = ["webhook", "set", agent, `http://127.0.0.1:${gateway.port}`, "--dialect", "openclaw"];
    await sandbox.run(process.execPath, [programPath("cli"), ...set, "--token-file", tokenFile]);
  },
};
