/** Broken engines: what is known of a session. */
import { agentCommands } from "../commands-agents.ts";
import { careCommands } from "../commands-care.ts";
import { sessionMutants } from "./sessions.ts";
import { catchAll } from "./suite.ts";

catchAll("what is known of a session", sessionMutants, [...careCommands, ...agentCommands]);
