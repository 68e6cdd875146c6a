/** Event webhooks of a broker, loaded where they are switched on. */
import type { EventCallbacks } from "agentmesh-mcp/http";
import type { EventWebhookParts } from "./parts.ts";

/** Where it is noted what happens to them. */
interface Log {
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

/** What an operator is warned of, as of webhooks; the rest of their life is information. */
const TROUBLE = ["failing", "given_up", "refused", "lost"].map((what) => `event_webhook.${what}`);

/** Begins to post for those that are stored; undefined where they are off. */
export async function openEventWebhooks(
  isOn: boolean,
  log: Log,
  parts: Omit<EventWebhookParts, "onNotice" | "onFault">,
): Promise<(EventCallbacks & { close(): Promise<void> }) | undefined> {
  if (!isOn) return undefined;
  const { EventWebhooks } = await import("./event-webhooks.ts");
  const webhooks = new EventWebhooks({
    ...parts,
    onNotice: (event, fields) => log[TROUBLE.includes(event) ? "warn" : "info"](fields, event),
    onFault: (error) => log.error({ err: error }, "event_webhook.fault"),
  });
  await webhooks.start();
  return webhooks;
}
