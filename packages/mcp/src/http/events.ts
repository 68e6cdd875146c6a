/**
 * MCP Events (SEP-3415) over the log of an agent and its cursors: which kinds there are, what has happened behind a cursor, and what happens
 * while somebody waits. Nothing is kept of who asks: where one goes on is in the cursor.
 */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { type AgentId, inWords, wrongValues, wrongValueText } from "@agentmesh/protocol";
import * as z from "zod";
import type { Id } from "../wire/message.ts";
import { ERROR } from "../wire/request-error.ts";
import { type EventPage, endOfLog, eventsBehind, type LogLook } from "./event-page.ts";
import { EVENT_ERROR, EventRefusal } from "./event-refusal.ts";
import { types } from "./event-types.ts";

/** When a client that polls should ask again, and how often a stream gives a sign of life; in milliseconds. */
const NEXT_POLL_MS = 5_000;
const HEARTBEAT_MS = 10_000;
/** When a stream looks again after the broker could not, in milliseconds. */
const AGAIN_MS = 1_000;
const Subscription = z.looseObject({
  name: z.string(),
  arguments: z.record(z.string(), z.string()).nullish(),
  cursor: z.string().min(1).max(128).nullish(),
  maxAgeMs: z.int().nonnegative().nullish(),
  maxEvents: z.int().min(1).nullish(),
});
/** What was asked for, and by whom. */
export type AskedEvents = z.infer<typeof Subscription> & { readonly me: AgentId };

/** The kinds of events. */
export function listEvents(): Record<string, unknown> {
  const events = Object.entries(types).map(([name, { of: _, ...said }]) => ({
    name,
    ...said,
    delivery: ["poll", "push", "webhook"],
  }));
  return { events };
}

/** What happened behind a cursor; without one nothing, and where to go on. @throws EventRefusal, MeshApiError */
export async function pollEvents(client: MeshClient, params: unknown): Promise<Record<string, unknown>> {
  const wanted = await askedEvents(client, params);
  return { ...(await page(client, wanted, wanted.cursor, 0)), nextPollMs: NEXT_POLL_MS };
}

/** Tells of events until nobody is there. @throws EventRefusal, MeshApiError, before anything was told */
export async function streamEvents(
  client: MeshClient,
  {
    id,
    params,
    gone,
    tell,
  }: {
    readonly id: Id;
    readonly params: unknown;
    readonly gone: AbortSignal;
    readonly tell: (notification: object) => void;
  },
): Promise<void> {
  const wanted = await askedEvents(client, params);
  const _meta = { "io.modelcontextprotocol/subscriptionId": id };
  const say = (what: string, more: object) =>
    tell({ jsonrpc: "2.0", method: `notifications/events/${what}`, params: { ...more, _meta } });
  let { cursor, truncated, events } = await page(client, wanted, wanted.cursor, 0);
  say("active", { cursor: events.length === 0 ? cursor : (wanted.cursor ?? cursor), truncated });
  for (let from = wanted.cursor ?? cursor; ; ) {
    // Behind each but the last one more may be lost with the connection: who comes back is told them again.
    for (const [i, event] of events.entries()) {
      say("event", { ...event, cursor: i === events.length - 1 ? cursor : from });
    }
    if (events.length === 0) say("heartbeat", { cursor });
    if (gone.aborted) return;
    from = cursor;
    try {
      ({ cursor, truncated, events } = await page(client, wanted, from, HEARTBEAT_MS, gone));
    } catch (error) {
      if (gone.aborted) return;
      if (!(error instanceof MeshApiError)) throw error;
      if (!error.retryable)
        return say("terminated", { error: { code: EVENT_ERROR.forbidden, message: error.message } });
      say("error", { error: { code: ERROR.internal, message: error.message } });
      [truncated, events] = [false, []];
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
    }
    // Nothing is said to be behind the client before it was told.
    if (truncated) say("active", { cursor: events.length === 0 ? cursor : from, truncated });
  }
}

/** What is asked for, where there are such events. @throws EventRefusal, MeshApiError */
export async function askedEvents(client: MeshClient, params: unknown): Promise<AskedEvents> {
  const data = parsed(Subscription, params);
  const type = Object.hasOwn(types, data.name) ? types[data.name] : undefined;
  if (!type) throw new EventRefusal(EVENT_ERROR.notFound, "NotFound: there is no such event here.", { kind: "event" });
  const known = z.object({ properties: z.record(z.string(), z.unknown()) }).parse(type.inputSchema).properties;
  const stray = Object.keys(data.arguments ?? {}).find((name) => !Object.hasOwn(known, name));
  if (stray !== undefined)
    throw new EventRefusal(ERROR.invalidParams, `arguments: only ${Object.keys(known).join(", ")}.`);
  return { ...data, me: (await client.getAgent({ agent: "me" })).id };
}

/** The parameters of a call. @throws EventRefusal */
export function parsed<T>(shape: z.ZodType<T>, params: unknown): T {
  const { data, error } = shape.safeParse(params ?? {}, inWords);
  if (error) throw new EventRefusal(ERROR.invalidParams, `${wrongValueText(wrongValues(error))}.`);
  return data;
}

/** From when on events are asked for, in milliseconds since the Unix epoch. */
export function oldestOf({ maxAgeMs }: AskedEvents): number {
  return maxAgeMs === null || maxAgeMs === undefined ? 0 : Date.now() - maxAgeMs;
}

/** The log of whoever calls. */
export function logLook(client: MeshClient): LogLook {
  return (query, signal) => client.log(query, signal ? { signal } : {});
}

function page(
  client: MeshClient,
  asked: AskedEvents,
  after: string | null | undefined,
  waitMs: number,
  signal?: AbortSignal,
): Promise<EventPage> {
  const look = logLook(client);
  if (after === null || after === undefined) return endOfLog(look, false);
  const { name, me, arguments: wanted, maxEvents } = asked;
  const sought = { name, me, arguments: wanted ?? {}, oldest: oldestOf(asked), most: maxEvents ?? undefined };
  return eventsBehind(look, sought, after, waitMs, signal);
}
