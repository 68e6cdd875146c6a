/** The one table of checks, in the order in which they are told: what others rest on comes first. */
import { broker } from "./broker.ts";
import type { Check } from "./check.ts";
import { clientConfigurations } from "./clients.ts";
import { log } from "./log.ts";
import { clock, disk } from "./machine.ts";
import { node } from "./node.ts";
import { pushPaths } from "./push-paths.ts";
import { stateFolder } from "./state-folder.ts";
import { npxCache, versions } from "./versions.ts";

/** All of them. */
export const checks: readonly Check[] = [
  node,
  stateFolder,
  broker,
  versions,
  disk,
  clock,
  log,
  clientConfigurations,
  pushPaths,
  npxCache,
];
