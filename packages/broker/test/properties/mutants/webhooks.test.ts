/** Broken engines: webhooks. */
import { webhookCommands } from "../commands-webhooks.ts";
import { catchAll } from "./suite.ts";
import { webhookMutants } from "./webhooks.ts";

catchAll("webhooks", webhookMutants, webhookCommands);
