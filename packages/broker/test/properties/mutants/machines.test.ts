/** Broken engines: machines. */
import { agentCommands } from "../commands-agents.ts";
import { machineCommands } from "../commands-machines.ts";
import { machineMutants } from "./machines.ts";
import { catchAll } from "./suite.ts";

catchAll("machines", machineMutants, [...machineCommands, ...agentCommands]);
