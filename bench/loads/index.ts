/** All loads, in their order. */
import type { Load } from "../load.ts";
import { memory } from "./memory.ts";
import { oneAtATime } from "./p1-one-at-a-time.ts";
import { manyAtOnce } from "./p2-many-at-once.ts";
import { publish } from "./p3-publish.ts";
import { drain } from "./p4-drain.ts";
import { adapters } from "./p5-adapters.ts";
import { connectedAgents } from "./p6-connected-agents.ts";
import { starts } from "./p7-starts.ts";
import { muchStored } from "./p8-much-stored.ts";
import { muchPassed } from "./p9-much-passed.ts";

/** The loads that `pnpm bench` knows. */
export const loads: readonly Load[] = [
  oneAtATime,
  manyAtOnce,
  publish,
  drain,
  adapters,
  connectedAgents,
  starts,
  muchStored,
  muchPassed,
  memory,
];
