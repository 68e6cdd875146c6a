/** The MCP inspector: a client of the protocol's own makers, by its command line, over `/mcp` by URL and token. No model. */
import { until } from "testkit";
import * as z from "zod";
import type { Client } from "./client.ts";
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
    const step = async (name: string, act: () => Promise<string>) => {
      try {
        tell({ step: name, ok: true, detail: await act() });
      } catch (error) {
        tell({ step: name, ok: false, detail: error instanceof Error ? error.message : String(error) });
      }
    };
    const person = await broker.agent("person");
    const own = await broker.agent("by-url");
    const inspect = (...args: string[]) => {
      const where = ["--cli", `${broker.url}/mcp`, "--transport", "http"];
      return sandbox.run("mcp-inspector", [...where, "--header", `Authorization: Bearer ${own.token}`, ...args]);
    };
    const reads = async (body: string) => {
      const { messageId } = await person.client.send({ to: "by-url", body });
      const said = await inspect("--method", "tools/call", "--tool-name", "check_messages");
      if (!said.includes(body)) throw new Error(`check_messages said ${said.slice(0, 300)}`);
      const state = async () => (await own.client.getMessage({ message: messageId })).deliveries[0]?.state;
      await until(async () => (await state()) === "acked", "the ack", 10_000);
      return "check_messages brought the message, which is acked";
    };
    await step("lists", async () => {
      // Strict: it ends with 6 where a schema of ours is one that clients trip over.
      const said = await inspect("--method", "tools/list", "--strict");
      const { tools } = Tools.parse(JSON.parse(said.slice(said.indexOf("{"), said.lastIndexOf("}") + 1)));
      return `${tools.length} tools, strictly judged`;
    });
    await step("calls tools", async () => {
      const args = ["to=person", "message=hello by URL"].flatMap((pair) => ["--tool-arg", pair]);
      await inspect("--method", "tools/call", "--tool-name", "send_message", ...args);
      const [came] = (await person.client.lease()).deliveries;
      if (came?.message.body !== "hello by URL") throw new Error("the broker has no message of the client");
      return `the broker has a message of ${came.message.from.name}`;
    });
    await step("reads", () => reads("what waits is read by URL"));
    await step("restart", async () => {
      await broker.kill("SIGTERM");
      await broker.start();
      return reads("and so after a restart of the broker");
    });
    await sandbox.end();
  },
};
