/** Lists that come a page at a time, as something to loop over. */
import { type EndpointInput, type EndpointReply, endpoints } from "@agentmesh/protocol";
import type { CallOptions, Connection } from "./connection.ts";

/** Where each list goes on. What is newer than a message is not there yet, so messages go back alone. */
const ways = {
  listAgents: ["after"],
  listDead: ["after"],
  listInbox: ["after", "before"],
  listMessages: ["before"],
  listNeeds: ["after"],
  listSubscriptions: ["after"],
  listTopics: ["after"],
  getMessage: ["after"],
} as const satisfies Partial<Record<keyof typeof endpoints, readonly ("after" | "before")[]>>;

/** A call whose answer may be one page of several. */
export type PagedCall = keyof typeof ways;

/** What such a call takes. */
export type PagedInput<K extends PagedCall> = EndpointInput<(typeof endpoints)[K]>;

/** What the calls are asked that need not be told of what. */
const plain: { readonly [K in PagedCall]?: PagedInput<K> } = {
  ...{
    listAgents: {},
    listDead: {},
    listInbox: {},
    listMessages: {},
    listNeeds: {},
    listSubscriptions: {},
    listTopics: {},
  },
};

/** What follows the name of such a call: its input or a function that gives it, which may be left out where `{}` is one. */
export type PagesAsked<K extends PagedCall> =
  | (Record<never, never> extends PagedInput<K> ? [] : never)
  | [input: PagedInput<K> | (() => PagedInput<K>), options?: CallOptions];

/** One page of it. */
export type Page<K extends PagedCall> = EndpointReply<(typeof endpoints)[K]>;

/** The pages of a list, one after the other, each asked for when the one before has been looked at. */
export async function* pagesOf<K extends PagedCall>(
  connection: Connection,
  call: K,
  input: PagedInput<K> | (() => PagedInput<K>) | undefined,
  options?: CallOptions,
): AsyncGenerator<Page<K>, void, void> {
  for (let place = {}; ; ) {
    const asked = (typeof input === "function" ? input() : input) ?? plain[call];
    if (asked === undefined) throw new TypeError(`${call} needs to be told of what.`);
    const page = await connection.call(endpoints[call], { ...asked, ...place }, options);
    yield page;
    const way = ways[call].find((each) => placeIn(page, each) !== undefined);
    if (way === undefined) return;
    place = { [way]: placeIn(page, way) };
  }
}

/** Where a list goes on after or before a page, as the page says; undefined at its end. */
function placeIn(page: object, way: "after" | "before"): unknown {
  const { nextAfter, nextBefore }: { nextAfter?: unknown; nextBefore?: unknown } = page;
  return way === "after" ? nextAfter : nextBefore;
}
