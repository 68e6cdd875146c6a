/** The MCP inspector: a client of the protocol's own makers, by its command line, over `/mcp` by URL and token. No model. */
import * as z from "zod";
import { proveByUrl } from "./by-url.ts";
import type { Client } from "./client.ts";
import { Steps } from "./steps.ts";
import { openAiChat } from "./stubs/openai-chat.ts";

const Tools = z.object({ tools: z.array(z.object({ name: z.string() })) });

/** The row of the table. */
export const inspector: Client = {
  name: "http-inspector",
  setupName: "none",
  packageName: "@modelcontextprotocol/inspector",
  installedAs: "inspector",
  dialect: openAiChat,
  whenIdle: "with the next prompt",
  prepare: async () => {},
  start: () => Promise.reject(new Error("the inspector has no session that stays")),
  async prove({ broker, sandbox }, _configure, tell) {
    const steps = new Steps(tell);
    const person = await broker.agent("person");
    const own = await broker.agent("by-url");
    const inspect = (...args: string[]) => {
      const where = ["--cli", `${broker.url}/mcp`, "--transport", "http"];
      return sandbox.run("mcp-inspector", [...where, "--header", `Authorization: Bearer ${own.token}`, ...args]);
    };
    await steps.step("lists", async () => {
      // Strict: it ends with 6 where a schema of ours is one that clients trip over.
      const said = await inspect("--method", "tools/list", "--strict");
      const { tools } = Tools.parse(JSON.parse(said.slice(said.indexOf("{"), said.lastIndexOf("}") + 1)));
      return `${tools.length} tools, strictly judged`;
    });
    await proveByUrl(
      { broker, sandbox },
      steps,
      { person, own },
      {
        calls: () => {
          const args = ["to=person", "message=hello by URL"].flatMap((pair) => ["--tool-arg", pair]);
          return inspect("--method", "tools/call", "--tool-name", "send_message", ...args);
        },
        looks: async (text) => {
          const said = await inspect("--method", "tools/call", "--tool-name", "check_messages");
          if (!said.includes(text)) throw new Error(`check_messages said ${said.slice(0, 300)}`);
          return "check_messages brought the message";
        },
      },
    );
  },
};
