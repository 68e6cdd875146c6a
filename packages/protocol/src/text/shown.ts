/** Text of agents as it is shown, and what else a browser loads of this package: nothing with a schema behind it. */
export * from "../message/keepalive.ts";
export * from "../needs/counted.ts";
export * from "./agent-words.ts";
export * from "./ping.ts";
export * from "./plain-text.ts";
export * from "./quote.ts";
export * from "./render.ts";
export * from "./several.ts";
export * from "./shell-word.ts";
export * from "./told-times.ts";
