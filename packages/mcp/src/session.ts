/** What an adapter is made of, for one that is no MCP server: the plugins of OpenCode, Pi and Cline are built with it. */
export type { OpenDialog } from "@agentmesh/client";
export { AgentSession } from "./agent-session.ts";
export type { ClientSide } from "./client/client-side.ts";
export { type Config, type LogLevel, resolveConfig } from "./config/config.ts";
export type { ConversationSource, Telling } from "./identity/conversation.ts";
export type { JoinedSession } from "./join.ts";
export { pauseAtMost } from "./life-cycle.ts";
export { createLog, type Log } from "./log.ts";
export type { PushPath } from "./push/push-path.ts";
export { noncesIn } from "./push/push-text.ts";
export { instructions } from "./shown/instructions.ts";
export { tools } from "./tools/index.ts";
export { type InsideCall, InsideCalls } from "./tools/inside-calls.ts";
export type { Tool } from "./tools/tool.ts";
export { SteeredTexts } from "./transcript/steered-texts.ts";
export type { PushSigns, Sign } from "./transcript/transcript.ts";
