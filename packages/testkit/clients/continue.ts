/** Continue's command line: `cn serve`, to which the broker posts, with the MCP adapter to answer. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, programPath, until } from "testkit";
import type { Client, Site } from "./client.ts";
import { openAiChat } from "./stubs/openai-chat.ts";

const ports = new WeakMap<Site, number>();
const configFile = ({ sandbox }: Site) => join(sandbox.home, ".continue", "config.yaml");
const at = (site: Site, path: string) => `http://127.0.0.1:${ports.get(site)}${path}`;

/** The client of the table. JSON is YAML. */
export const continueCli: Client = {
  name: "continue",
  setupName: "none",
  packageName: "@continuedev/cli",
  dialect: openAiChat,
  whenIdle: "at once",
  async prepare(site) {
    const { sandbox, model } = site;
    mkdirSync(join(configFile(site), ".."), { recursive: true });
    const stub = { name: "stub", provider: "openai", model: "stub", apiBase: `${model.url}/v1`, apiKey: "none" };
    const adapter = {
      name: "agentmesh",
      command: process.execPath,
      args: [programPath("mcp")],
      // It gives its servers the whole environment; a program that stands in the configuration starts by it alone, too.
      env: { AGENTMESH_HOME: sandbox.env.AGENTMESH_HOME },
    };
    const config = {
      ...{ name: "a test", version: "1.0.0", schema: "v1" },
      models: [{ ...stub, roles: ["chat"], capabilities: ["tool_use"] }],
      mcpServers: [adapter],
    };
    writeFileSync(configFile(site), JSON.stringify(config, null, 2));
  },
  configureByHand: "an entry in config.yaml, by hand",
  async start(site) {
    const port = await freePort();
    ports.set(site, port);
    const serve = ["serve", "--auto", "--config", configFile(site), "--port", String(port)];
    const server = site.sandbox.start("cn", serve);
    await until(
      async () => (await fetch(at(site, "/state")).catch(() => undefined))?.ok === true,
      "cn serve to answer",
      60_000,
    );
    const post = (path: string, body: object) =>
      fetch(at(site, path), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    return {
      async prompt(message) {
        await post("/message", { message });
      },
      async end() {
        await post("/exit", {});
        await server.over;
      },
    };
  },
  async connect(site, agent) {
    const set = ["webhook", "set", agent, at(site, "/"), "--dialect", "continue"];
    await site.sandbox.run(process.execPath, [programPath("cli"), ...set]);
  },
};
