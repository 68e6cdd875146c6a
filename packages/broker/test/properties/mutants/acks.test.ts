/** Broken engines: many acks in one call. */
import { ackCommands } from "../commands-acks.ts";
import { ackMutants } from "./acks.ts";
import { catchAll } from "./suite.ts";

catchAll("many acks in one call", ackMutants, ackCommands);
