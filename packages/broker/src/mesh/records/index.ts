/** The records that go through the Store port, a file per noun. */
export type * from "./access.ts";
export type * from "./agent.ts";
export type * from "./agent-card.ts";
export type * from "./ask.ts";
export type * from "./delivery.ts";
export type * from "./event-webhook.ts";
export type * from "./history.ts";
export type * from "./hook.ts";
export type * from "./message.ts";
export type * from "./webhook.ts";
