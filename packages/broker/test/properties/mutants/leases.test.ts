/** Broken engines: leases, acks and silence. */
import { inboxCommands } from "../commands-inbox.ts";
import { leaseMutants } from "./leases.ts";
import { catchAll } from "./suite.ts";

catchAll("leases, acks and silence", leaseMutants, inboxCommands);
