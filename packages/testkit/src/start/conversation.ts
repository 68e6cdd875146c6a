/** A first conversation on real parts: two adapters, two MCP clients, one broker; each hop with its time. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import { type McpSession, startMcpSession, type ToolAnswer } from "../mcp-session.ts";
import { until } from "../until.ts";
import { type DemoMesh, startDemoMesh } from "./demo-mesh.ts";
import { heading, hop, line } from "./screen.ts";

const ENGINE = "demo-engine";
const UI = "demo-ui";

/**
 * Shows discover, send, push and reply between two `agentmesh-mcp` processes, in a mesh of their own: the user's has
 * nothing of it. @throws the reason of `stop` when it aborts, DemoFailedError
 */
export async function showConversation(stop: AbortSignal): Promise<void> {
  heading("A first conversation: two agentmesh-mcp processes, each with an MCP client");
  line("in a mesh of its own, which is gone afterwards");
  stop.throwIfAborted();
  await using mesh = await startDemoMesh();
  stop.throwIfAborted();
  await using engine = await joinAs(ENGINE, mesh);
  stop.throwIfAborted();
  await using ui = await joinAs(UI, mesh);
  const admin = new MeshClient({ url: mesh.url, token: mesh.key });
  await unlessStopped(stop, () => converse(engine, ui, admin));
}

async function unlessStopped<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  stop.throwIfAborted();
  const stopped = new Promise<never>((_, reject) =>
    stop.addEventListener("abort", () => reject(stop.reason), { once: true }),
  );
  return await Promise.race([work(), stopped]);
}

async function joinAs(name: string, { folder, url }: DemoMesh): Promise<McpSession> {
  const cwd = join(folder.path, name);
  mkdirSync(cwd);
  const began = performance.now();
  const session = await startMcpSession({
    home: folder.path,
    url,
    cwd,
    env: { AGENTMESH_NAME: name, AGENTMESH_PUSH: "claude-channel" },
  });
  await session.joined();
  hop(name, "process started, MCP handshake done, agent joined", performance.now() - began);
  return session;
}

async function converse(engine: McpSession, ui: McpSession, admin: MeshClient): Promise<void> {
  const question = "Which port do you listen on?";
  const answer = "4711. Health is GET /healthz.";

  const peers = await timed(ui.tool("list_peers", { scope: "machine" }));
  if (!peers.answer.text.includes(ENGINE)) throw new Error(`${UI} does not see ${ENGINE}: ${peers.answer.text}`);
  hop(UI, `list_peers: sees ${ENGINE}`, peers.ms);

  const began = performance.now();
  const sent = await timed(ui.tool("send_message", { to: ENGINE, message: question }));
  hop(UI, `send_message: "${question}" is on disk`, sent.ms);
  const pushed = await until(() => engine.channel.at(0), `the push into ${ENGINE}`);
  hop(ENGINE, "the message is pushed into the session", performance.now() - began);

  const number = pushed.meta?.message_id ?? "1";
  const replyBegan = performance.now();
  const replied = await timed(engine.tool("reply", { message_id: number, message: answer }));
  hop(ENGINE, `reply(message_id: "${number}"): "${answer}"`, replied.ms);
  await until(() => ui.channel.some(({ content }) => content.includes(answer)), `the reply in ${UI}`);
  hop(UI, "the reply is pushed into the session", performance.now() - replyBegan);

  const { entries } = await admin.listInbox({ agent: ENGINE, state: "all" });
  const last = entries.at(-1);
  if (last?.state !== "acked") throw new Error(`the message is ${last?.state}, not acked`);
  const { deliveries } = await admin.getMessage({ message: last.message.id });
  line();
  const became = deliveries[0]?.timeline.map(({ event }) => event).join(" → ");
  line(`What became of the question: ${became} (${last.reason})`);
}

async function timed(call: Promise<ToolAnswer>): Promise<{ answer: ToolAnswer; ms: number }> {
  const began = performance.now();
  const answer = await call;
  const ms = performance.now() - began;
  if (answer.isError) throw new Error(answer.text);
  return { answer, ms };
}
