/** Broken engines: event webhooks. */
import { eventWebhookCommands } from "../commands-event-webhooks.ts";
import { eventWebhookMutants } from "./event-webhooks.ts";
import { catchAll } from "./suite.ts";

catchAll("event webhooks", eventWebhookMutants, eventWebhookCommands);
