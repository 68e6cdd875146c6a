/** The words of agentmesh: schemas, limits, errors and the endpoint table. */
export * from "./agent.ts";
export * from "./delivery.ts";
export * from "./delivery-state.ts";
export * from "./endpoints.ts";
export * from "./errors.ts";
export * from "./errors-page.ts";
export * from "./ids.ts";
export * from "./limits.ts";
export * from "./message.ts";
export * from "./names.ts";
export * from "./openapi.ts";
export * from "./plain-text.ts";
export * from "./stream.ts";
export * from "./system.ts";
export * from "./time.ts";
export * from "./version.ts";
