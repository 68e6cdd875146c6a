/** Text of agents as it is shown, without a schema behind it: what a browser loads of this package. */
export * from "./agent-words.ts";
export * from "./ping.ts";
export * from "./plain-text.ts";
export * from "./quote.ts";
export * from "./render.ts";
export * from "./shell-word.ts";
export * from "./told-times.ts";
