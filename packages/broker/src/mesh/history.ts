/** History: messages once more, page by page, filtered and searched; nobody sees what is not theirs. */
import {
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  type HistoryEntry,
  MAX_BYTES_PER_PAGE,
  type Party,
  ThreadId,
  type ThreadRef,
} from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import { type AnyCaller, type Caller, mayActFor, viewerOf } from "./caller.ts";
import { unknownMessage } from "./errors.ts";
import type { Look, Turns } from "./looks/turns.ts";
import { wholeId } from "./names/short-ids.ts";
import { searchTerms, snippetsOf } from "./names/words.ts";
import type { HistoryQuery, Store, Viewer } from "./store.ts";

type Table = typeof endpoints;
type Query = EndpointRequest<Table["listMessages"]>["query"];

/** Messages that one read of the store looks at; between reads other requests have their turn. */
const LOOK_AT = 128;

/** The verbs on messages of the past. */
export class History {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #turns: Turns;

  constructor(parts: { store: Store; agents: Agents; turns: Turns }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#turns = parts.turns;
  }

  /**
   * One page. It is full as long as there are messages to fill it with, up to the limit of bytes.
   * @throws MeshError forbidden, agent_not_found, message_not_found, other_life, cursor_invalid; of a search storage_full
   */
  async list(from: AnyCaller, query: Query, signal: AbortSignal): Promise<EndpointReply<Table["listMessages"]>> {
    const caller = await this.#agents.looker(from, query.agent);
    const { party, other } = await this.#parties(caller, query);
    const thread = query.thread === undefined ? undefined : await threadOf(this.#store, query.thread, party);
    const terms = query.query === undefined ? undefined : searchTerms(query.query);
    if (terms?.length === 0) return { entries: [] };
    const ahead = query.after !== undefined;
    const { entries, more, place, end } = await this.#page(
      {
        party,
        other,
        thread,
        topic: query.topic,
        terms,
        viewer: viewerOf(caller),
        ahead,
        from: query.after ?? query.before,
      },
      query.limit,
      signal,
      this.#turns.look(caller),
    );
    const snippetOf = terms && snippetsOf(terms);
    return {
      entries: snippetOf ? entries.map((entry) => ({ ...entry, snippet: snippetOf(entry.message.body) })) : entries,
      ...(!ahead && more && { nextBefore: place }),
      ...(query.before === undefined && { nextAfter: ahead && more ? place : end }),
    };
  }

  async #page(
    query: Omit<HistoryQuery, "limit" | "maxBytes" | "lookAt" | "turn">,
    limit: number,
    signal: AbortSignal,
    look: Look,
  ): Promise<{ entries: HistoryEntry[]; more: boolean; place: string; end: string }> {
    const entries: HistoryEntry[] = [];
    let room = MAX_BYTES_PER_PAGE;
    let from = query.from;
    let end: string | undefined;
    for (;;) {
      await look.turn();
      const part = await this.#store.listMessages({
        ...query,
        from,
        limit: room > 0 ? limit - entries.length : 0,
        maxBytes: room,
        lookAt: LOOK_AT,
        turn: look.turn,
      });
      // What is accepted while a long search goes on belongs to the next page.
      end ??= part.end;
      entries.push(...part.entries);
      room -= part.entries.reduce((sum, { message }) => sum + message.bodyBytes, 0);
      if (part.more !== undefined || signal.aborted) {
        return { entries, more: part.more ?? true, place: part.place, end };
      }
      from = part.place;
    }
  }

  /** Whose messages, and with whom; a person with the mesh key may leave the first out. */
  async #parties(caller: Caller, query: Query): Promise<{ party: Viewer; other: Viewer }> {
    const [asked, other] = [
      query.agent === undefined ? undefined : await this.#party(caller, query.agent),
      query.with === undefined ? undefined : await this.#party(caller, query.with),
    ];
    if (asked) mayActFor(caller, asked);
    const party = asked?.id ?? viewerOf(caller);
    return party === undefined ? { party: other?.id, other: undefined } : { party, other: other?.id };
  }

  /** An agent that is there, or the last of that name that has left; `mesh` for its notices. */
  async #party(caller: Caller, nameOrId: string): Promise<Party> {
    const known = nameOrId === "me" ? undefined : await this.#store.findParty(nameOrId);
    return known ?? this.#agents.resolve(nameOrId, caller);
  }
}

/**
 * The thread that a reference means. A thread's own id is taken as it is: of a thread that is not the viewer's, there is
 * nothing to see. @throws MeshError message_not_found, other_life
 */
export async function threadOf(store: Store, ref: ThreadRef, viewer: Viewer): Promise<ThreadId> {
  const whole = await wholeId(store, ref, viewer);
  const thread = ThreadId.safeParse(whole);
  if (thread.success) return thread.data;
  const place = await store.placeMessage(whole, viewer);
  if (!place) throw unknownMessage(ref);
  return place.threadId;
}
