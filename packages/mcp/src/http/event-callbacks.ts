/** Events by webhooks: what is asked of them, and who grants it. */
import type { MeshClient } from "@agentmesh/client";
import { type AgentId, WebhookSecret } from "@agentmesh/protocol";
import * as z from "zod";
import { ERROR } from "../wire/request-error.ts";
import { endOfLog, eventsBehind } from "./event-page.ts";
import { EVENT_ERROR, EventRefusal } from "./event-refusal.ts";
import { type AskedEvents, askedEvents, logLook, oldestOf, parsed } from "./events.ts";

/** Which events are posted, of whom, and where: what a subscription is known by, in whatever order its arguments stand. */
export interface CallbackKey {
  readonly agentId: AgentId;
  readonly name: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly url: string;
}

/** What is asked for. */
export interface AskedCallback extends CallbackKey {
  /** What posts are signed with: `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: string;
  /** Where it begins, unless it is there already. */
  readonly cursor: string;
  /** None from before, in milliseconds since the Unix epoch. */
  readonly oldest: number;
  /** For how long; undefined for the usual time, null for the longest. */
  readonly ttlMs: number | null | undefined;
}

/** What is granted. */
export interface GrantedCallback {
  readonly id: string;
  readonly refreshBefore: string;
  /** All before it was taken. */
  readonly cursor: string;
  /** It was there before, and goes on from its own cursor. */
  readonly isRefreshed: boolean;
  readonly deliveryStatus?: object;
}

/** Webhooks of events. */
export interface EventCallbacks {
  /** Grants it, or renews it; a callback that is not known answers a challenge first. @throws EventRefusal */
  subscribe(asked: AskedCallback): Promise<GrantedCallback>;
  /** Ends it; false where there is none. */
  unsubscribe(key: CallbackKey): Promise<boolean>;
}

const MAX_URL_CHARS = 2_048;
const url = z.string().max(MAX_URL_CHARS);
const Wanted = z.looseObject({
  delivery: z.looseObject({ mode: z.string(), url, secret: z.string().max(128) }),
  ttlMs: z.int().positive().nullish(),
});
const Unwanted = z.looseObject({ delivery: z.looseObject({ url }) });

/** Has events posted to a URL. @throws EventRefusal, MeshApiError */
export async function subscribeEvents(
  client: MeshClient,
  callbacks: EventCallbacks,
  params: unknown,
): Promise<Record<string, unknown>> {
  const asked = await askedEvents(client, params);
  const { delivery, ttlMs } = parsed(Wanted, params);
  if (delivery.mode !== "webhook") {
    throw new EventRefusal(EVENT_ERROR.unsupported, "Unsupported: what is subscribed to is posted to a webhook.", {
      ...{ feature: "deliveryMode", value: delivery.mode },
    });
  }
  if (!isSecret(delivery.secret)) {
    throw new EventRefusal(ERROR.invalidParams, "delivery.secret: whsec_ and the base64 of 24 to 64 random bytes.");
  }
  const place = await beginning(client, asked);
  const { isRefreshed, ...granted } = await callbacks.subscribe({
    ...keyOf(asked, delivery.url),
    ...{ secret: delivery.secret, cursor: place.cursor, oldest: place.oldest, ttlMs },
  });
  return { ...granted, truncated: !isRefreshed && place.truncated };
}

/** Has them posted there no more. @throws EventRefusal, MeshApiError */
export async function unsubscribeEvents(
  client: MeshClient,
  callbacks: EventCallbacks,
  params: unknown,
): Promise<Record<string, unknown>> {
  const asked = await askedEvents(client, params);
  const { delivery } = parsed(Unwanted, params);
  if (await callbacks.unsubscribe(keyOf(asked, delivery.url))) return {};
  throw new EventRefusal(EVENT_ERROR.notFound, "NotFound: there is no such subscription, or it has ended.", {
    kind: "subscription",
  });
}

/** Where it begins, seen to be a place in the log; without a cursor that is the end of it. */
async function beginning(client: MeshClient, asked: AskedEvents) {
  const { cursor, name, me, arguments: wanted } = asked;
  const look = logLook(client);
  if (cursor === null || cursor === undefined) {
    return { cursor: (await endOfLog(look, false)).cursor, oldest: 0, truncated: false };
  }
  const oldest = oldestOf(asked);
  const first = await eventsBehind(look, { name, me, arguments: wanted ?? {}, oldest, most: 1 }, cursor, 0);
  // Of another database: there is nothing behind it, and its end is where one goes on.
  const isLost = first.truncated && first.events.length === 0 && !first.hasMore;
  return { cursor: isLost ? first.cursor : cursor, oldest, truncated: first.truncated };
}

function keyOf({ me, name, arguments: wanted }: AskedEvents, to: string): CallbackKey {
  return { agentId: me, name, arguments: wanted ?? {}, url: to };
}

/** As the secret of a webhook, but for those of Hermes. */
function isSecret(secret: string): boolean {
  return secret.startsWith("whsec_") && WebhookSecret.safeParse(secret).success;
}
