/** A client in a PID namespace of its own: starts an adapter and hooks as its children, as its test tells it on stdin. */
import { createInterface } from "node:readline";
import { type McpSession, startMcpSession } from "testkit";
import * as z from "zod";
import { hook } from "./setting.ts";

const Order = z.discriminatedUnion("do", [
  z.object({ do: z.literal("start"), url: z.string(), cwd: z.string(), session: z.string() }),
  z.object({ do: z.literal("hook"), session: z.string() }),
  z.object({ do: z.literal("clear"), session: z.string() }),
  z.object({ do: z.literal("read") }),
  z.object({ do: z.literal("end") }),
]);

const [home = ""] = process.argv.slice(2);
let adapter: McpSession | undefined;

async function obey(line: string): Promise<unknown> {
  const order = Order.parse(JSON.parse(line));
  switch (order.do) {
    case "start": {
      const env = { CLAUDE_CODE_SESSION_ID: order.session };
      adapter = await startMcpSession({ home, url: order.url, cwd: order.cwd, env });
      return { name: await adapter.joined(), client: process.pid };
    }
    case "clear":
    case "hook": {
      const cleared = { hook_event_name: "SessionStart", source: "clear" };
      const about = order.do === "clear" ? cleared : { hook_event_name: "PostToolUse" };
      const input = { ...about, session_id: order.session };
      return { printed: await hook({ home }, ["claude"], input, { env: { CLAUDE_PID: String(process.pid) } }) };
    }
    case "read":
      return { read: (await adapter?.tool("check_messages"))?.text ?? "" };
    case "end":
      await adapter?.close();
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await obey(line).catch((error: unknown) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
