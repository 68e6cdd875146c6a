/** What happened behind a cursor, as events of one kind: read by polls, by open answers and for webhooks alike. */
import type { AgentId } from "@agentmesh/protocol";
import { ERROR } from "../wire/request-error.ts";
import { EventRefusal } from "./event-refusal.ts";
import { type Entry, types } from "./event-types.ts";

/** Entries of the log in one answer, and how many one may ask for. */
const USUAL = 50;
const MOST = 200;

/** Looks into the log of an agent, as that agent. @throws with the code of the error, cursor_invalid and invalid_request among them */
export type LogLook = (
  query: { readonly after?: string; readonly limit: number; readonly waitMs?: number },
  signal?: AbortSignal,
) => Promise<{ readonly entries: readonly Entry[]; readonly cursor: string }>;

/** Which events, of whom. */
export interface WantedEvents {
  readonly name: string;
  readonly me: AgentId;
  readonly arguments: Readonly<Record<string, string>>;
  /** None from before, in milliseconds since the Unix epoch. */
  readonly oldest: number;
  readonly most?: number | undefined;
}

/** An event as it is told. */
export interface ToldEvent extends Record<string, unknown> {
  readonly eventId: string;
  readonly name: string;
  readonly timestamp: string;
  readonly data: object;
}

/** What happened behind a cursor. */
export interface EventPage {
  readonly events: readonly ToldEvent[];
  readonly cursor: string;
  readonly truncated: boolean;
  readonly hasMore: boolean;
}

/** Where the log ends now; `truncated` where that is not where it was to go on. */
export async function endOfLog(look: LogLook, truncated: boolean): Promise<EventPage> {
  return { events: [], cursor: (await look({ limit: 1 })).cursor, truncated, hasMore: false };
}

/** What happened behind a cursor; the end of the log where the cursor is of another database. @throws EventRefusal, and what the look throws */
export async function eventsBehind(
  look: LogLook,
  { name, me, arguments: wanted, oldest, most = USUAL }: WantedEvents,
  after: string,
  waitMs: number,
  signal?: AbortSignal,
): Promise<EventPage> {
  const type = types[name];
  if (!type) throw new Error(`there is no event ${name}`);
  const limit = Math.min(most, MOST);
  try {
    const { entries, cursor } = await look({ after, limit, waitMs }, signal);
    const held = await heldOf(look, entries, cursor);
    const young = entries.filter(({ at }) => Date.parse(at) >= oldest);
    const events = young.flatMap((entry) => {
      const data = type.of({ ...entry, isHeld: held.has(entry.deliveryId) }, me, wanted);
      return data
        ? [{ eventId: `${entry.deliveryId}.${entry.event}.${entry.attempt}`, name, timestamp: entry.at, data }]
        : [];
    });
    return { events, cursor, truncated: young.length < entries.length, hasMore: entries.length === limit };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "cursor_invalid") return endOfLog(look, true);
    if (code === "invalid_request") throw new EventRefusal(ERROR.invalidParams, "cursor: none that was given here.");
    throw error;
  }
}

/** Deliveries that are held as they are accepted: the entry right behind says so, and may be the first of the next page. */
async function heldOf(look: LogLook, entries: readonly Entry[], cursor: string): Promise<ReadonlySet<string>> {
  const isSplit = entries.at(-1)?.event === "accepted";
  const next = isSplit ? (await look({ after: cursor, limit: 1 })).entries : [];
  return new Set([...entries, ...next].flatMap(({ event, deliveryId }) => (event === "held" ? [deliveryId] : [])));
}
