/** Broken engines: acts in slices and commits. */

import { agentCommands } from "../commands-agents.ts";
import { topicCommands } from "../commands-topics.ts";
import { sliceMutants } from "./slices.ts";
import { catchAll } from "./suite.ts";

catchAll("acts in slices and commits", sliceMutants, [...topicCommands, ...agentCommands]);
