/** Broken engines: asks. */
import { askCommands } from "../commands-asks.ts";
import { askMutants } from "./asks.ts";
import { catchAll } from "./suite.ts";

catchAll("asks", askMutants, askCommands);
