/** Broken engines: taking back, putting back, and what senders are told. */
import { decisionCommands } from "../commands-decisions.ts";
import { decisionMutants } from "./decisions.ts";
import { catchAll } from "./suite.ts";

catchAll("taking back, putting back, and what senders are told", decisionMutants, decisionCommands);
