/** Broken engines: sessions, restarts, hints and history. */
import { agentCommands } from "../commands-agents.ts";
import { careCommands } from "../commands-care.ts";
import { careMutants } from "./care.ts";
import { catchAll } from "./suite.ts";

catchAll("sessions, restarts, hints and history", careMutants, [...careCommands, ...agentCommands]);
