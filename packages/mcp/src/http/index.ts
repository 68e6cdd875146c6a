/** MCP over HTTP, for the broker that serves it. */
export { HttpSessions, type Posted, type Replying } from "./http-sessions.ts";
