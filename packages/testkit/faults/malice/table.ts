/** Every load, room by room. */
import { acts } from "./acts.ts";
import { connectionLoads } from "./connections.ts";
import type { Load } from "./load.ts";
import { log } from "./log.ts";
import { looks } from "./looks.ts";
import { memory } from "./memory.ts";
import { webhooks } from "./webhooks.ts";

/** The table of loads. */
export const LOADS: readonly Load[] = [...acts, ...looks, ...memory, ...connectionLoads, ...webhooks, ...log];
