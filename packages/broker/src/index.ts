/** The broker as a library: start one inside a program or a test. */
export { type Config, ConfigSchema } from "./config/schema.ts";
export { createLog } from "./log.ts";
export type { Clock } from "./mesh/clock.ts";
export type { Store } from "./mesh/store.ts";
export { type RunningBroker, startBroker } from "./start-broker.ts";
