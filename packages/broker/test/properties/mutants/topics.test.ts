/** Broken engines: topics. */

import { topicCommands } from "../commands-topics.ts";
import { catchAll } from "./suite.ts";
import { topicMutants } from "./topics.ts";

catchAll("topics", topicMutants, topicCommands);
