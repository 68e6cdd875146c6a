/** Broken engines: messages and the log. */
import { messageCommands } from "../commands-messages.ts";
import { messageMutants } from "./messages.ts";
import { catchAll } from "./suite.ts";

catchAll("messages and the log", messageMutants, messageCommands);
