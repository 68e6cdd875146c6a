/** MCP over HTTP, for the broker that serves it. */
export { ERROR } from "../wire/request-error.ts";
export type { AskedCallback, EventCallbacks, GrantedCallback } from "./event-callbacks.ts";
export { eventsBehind, type LogLook } from "./event-page.ts";
export { EVENT_ERROR, EventRefusal } from "./event-refusal.ts";
export { HttpSessions, type Posted, type Replying } from "./http-sessions.ts";
