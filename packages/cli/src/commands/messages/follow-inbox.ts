/** Following an inbox: the log says that something came, the inbox says what. */
import { type MeshClient, mayPass } from "@agentmesh/client";
import type { InboxEntry, LogEntry } from "@agentmesh/protocol";
import { type Context, USUAL_NAME } from "../../context.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";
import { follow } from "../deliveries/follow-log.ts";
import { whole } from "./inbox-entry.ts";

/** Whose inbox is followed, and from where. */
export interface FollowedInbox {
  /** Left out, the own one. */
  readonly name: string | undefined;
  /** Where the log and the inbox were before it was first looked at. */
  readonly place: InboxPlace;
  /** What that look has shown. */
  readonly shown: readonly InboxEntry[];
  readonly ack: true | undefined;
}

/** How far an inbox had come. */
export interface InboxPlace {
  readonly cursor: string;
  /** The highest number that was given; another life of the database counts on above it. */
  readonly newest: number;
}

/** Where an inbox and its log are now. @throws MeshApiError */
export async function placeOf(client: MeshClient, name: string | undefined): Promise<InboxPlace> {
  const agent = agentOf(name);
  const { cursor } = await client.log({ ...agent, limit: 1 });
  const { entries } = await client.listInbox({ ...agent, state: "all", order: "newest", limit: 1 });
  return { cursor, newest: entries[0]?.seq ?? 0 };
}

/** Shows what comes into an inbox until Ctrl-C, each once. @throws MeshApiError when the broker refuses */
export async function followInbox(
  context: Context,
  client: MeshClient,
  { name, place, shown, ack }: FollowedInbox,
): Promise<void> {
  const agent = agentOf(name);
  const owner = (await client.getAgent({ agent: name ?? "me" })).id;
  // What the inbox had shown when the log says that it came.
  const known = new Set(shown.map(({ seq }) => seq));
  let { newest } = place;
  let unacked: InboxEntry | undefined;

  async function end(signal: AbortSignal): Promise<void> {
    const { acked, refused } = ack && unacked ? await ackAll(client, [unacked], signal) : { acked: [], refused: [] };
    for (const error of refused) ended(error);
    unacked = undefined;
    if (acked.length > 0 && !context.json) await tell(ackedText(acked));
  }

  function ended(error: unknown): never {
    if (!mayPass(error)) unacked = undefined;
    throw error;
  }

  async function arrive(entry: InboxEntry, signal: AbortSignal): Promise<void> {
    newest = Math.max(newest, entry.seq);
    if (entry.state === "held") return;
    await print(context.json ? jsonText(entry, 0) : `\n${whole(entry)}`);
    unacked = entry;
    await end(signal);
  }

  async function show([first]: readonly LogEntry[], signal: AbortSignal): Promise<number> {
    // Shown before the broker went away; what is left of it is its ack.
    if (unacked) await end(signal);
    else if (first && first.to.id === owner && ARRIVALS.has(first.event)) {
      const place = { ...agent, state: "all", after: first.seq - 1, limit: 1 } as const;
      const [entry] = (await client.listInbox(place, { signal })).entries;
      if (entry?.seq === first.seq && !(first.event === "accepted" && known.delete(first.seq)))
        await arrive(entry, signal);
    }
    return 1;
  }

  /** What came in the other database before it is followed: its numbers are above all of before. */
  async function showOther(signal: AbortSignal): Promise<void> {
    await end(signal);
    for await (const { entries } of client.pages("listInbox", { ...agent, state: "all", after: newest }, { signal })) {
      for (const entry of entries) {
        known.add(entry.seq);
        await arrive(entry, signal);
      }
    }
  }

  const again = [
    ...["agentmesh", "inbox", ...(name === undefined ? [] : [name]), "-f"],
    ...(ack ? ["--ack"] : []),
    ...(name === undefined ? asWords(context) : []),
    ...context.meshWords(),
    ...(context.json ? ["--json"] : []),
  ];
  await follow(
    client,
    { ...agent, limit: 1, after: place.cursor },
    { json: context.json, what: "more", again, show, showOther },
  );
}

/** What brings a delivery into an inbox. */
const ARRIVALS: ReadonlySet<string> = new Set(["accepted", "admitted", "redriven"]);

const asWords = ({ name }: Context) => (name === USUAL_NAME ? [] : ["--as", name]);

const agentOf = (name: string | undefined) => (name === undefined ? {} : { agent: name });

/** What was acked, by number, and why others were not. */
export interface Acked {
  readonly acked: readonly number[];
  readonly refused: readonly unknown[];
}

/** Acks what waits of these, in one call where it can; never throws. */
export async function ackAll(client: MeshClient, entries: readonly InboxEntry[], signal?: AbortSignal): Promise<Acked> {
  const open = entries.filter(({ state }) => state === "queued" || state === "leased");
  const answers = await Promise.allSettled(
    open.map(({ id }) => client.ack({ delivery: id, evidence: "read" }, signal && { signal })),
  );
  return {
    acked: open.filter((_, i) => answers[i]?.status === "fulfilled").map(({ seq }) => seq),
    refused: answers.flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : [])),
  };
}

/** Says what was acked. */
export const ackedText = (acked: readonly number[]) => `acked ${acked.map((seq) => `#${seq}`).join(", ")}`;
