/** Broken engines: what is told of what happened. */
import { agentCommands } from "../commands-agents.ts";
import { receiverCommands } from "../commands-receivers.ts";
import { eventMutants } from "./events.ts";
import { catchAll } from "./suite.ts";

catchAll("events", eventMutants, [...agentCommands, ...receiverCommands]);
