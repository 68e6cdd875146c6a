/** Broken engines: policy, urgency and focus. */
import { receiverCommands } from "../commands-receivers.ts";
import { receiverMutants } from "./receivers.ts";
import { catchAll } from "./suite.ts";

catchAll("policy, urgency and focus", receiverMutants, receiverCommands);
