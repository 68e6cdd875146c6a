/** `agentmesh history` and `search`: messages again, as a list or as the conversation they were. */
import type { MeshClient } from "@agentmesh/client";
import {
  type EndpointInput,
  type endpoints,
  type HistoryEntry,
  MAX_MESSAGES_PER_PAGE,
  plainLine,
  SearchQuery,
  TopicName,
} from "@agentmesh/protocol";
import { requireOne } from "../../all-agents.ts";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { conversationText, foundText, listText } from "../../conversation.ts";
import { typed } from "../../option-values.ts";
import { tellPage } from "../../page-link.ts";
import { jsonText, print, remark, style, tell } from "../../terminal/output.ts";
import { threadOf } from "./thread-ref.ts";

/** Options of `history` and `search`. */
export interface HistoryOptions {
  readonly agent?: string;
  readonly with?: string;
  readonly thread?: string;
  readonly topic?: string;
  readonly before?: string;
  readonly full?: true;
  readonly limit: number;
}

type Query = Omit<EndpointInput<(typeof endpoints)["listMessages"]>, "limit">;

interface Shown {
  readonly entries: HistoryEntry[];
  readonly nextBefore?: string;
}

/** Shows messages, the newest last; one thread as a conversation. @throws CommandError, MeshApiError */
export async function history(context: Context, options: HistoryOptions): Promise<void> {
  const admin = await context.admin();
  await requireOne(context, admin, options.agent, ["history", "--agent"]);
  const query = await queryOf(admin, options);
  const shown = await fetchPages(admin, query, options.limit);
  if (context.json) return print(jsonText(shown));
  if (shown.entries.length === 0) return tell(nothingIn(options));
  const ordered = shown.entries.toReversed();
  const whole = options.full || query.thread !== undefined;
  if (query.thread !== undefined) await print(`${style("bold", query.thread)}  ${countOf(shown, options)}`);
  await print(whole ? conversationText(ordered) : listText(ordered));
  older(shown, options);
  if (!whole && process.stdout.isTTY) remark("Whole texts with their ids: add --full");
  if (query.thread !== undefined) await tellPage(context, `conversations/${query.thread}`);
}

/** Shows the messages that hold all words, the newest last. @throws CommandError, MeshApiError */
export async function search(context: Context, words: readonly string[], options: HistoryOptions): Promise<void> {
  // The shell has taken the quotes off a phrase: an argument with a space in it was one.
  const typed = words.map((word) => (/\s/.test(word) && !word.includes('"') ? `"${word}"` : word)).join(" ");
  const query = SearchQuery.safeParse(typed);
  if (!query.success) throw usageError("Search for one word at least, in at most 256 characters.");
  const admin = await context.admin();
  await requireOne(context, admin, options.agent, ["search", ...words, "--agent"]);
  const shown = await fetchPages(admin, { ...(await queryOf(admin, options)), query: query.data }, options.limit);
  if (context.json) return print(jsonText(shown));
  if (shown.entries.length === 0) {
    const hint = /[\p{L}\p{N}]/u.test(typed)
      ? "All words must be in a message; par* finds what begins so."
      : "Only letters and digits are searched.";
    return tell(`Nothing found for ${plainLine(typed)}. ${hint}`);
  }
  await print(
    options.full ? conversationText(shown.entries.toReversed()) : foundText(shown.entries.toReversed(), typed),
  );
  older(shown, options);
  if (process.stdout.isTTY) remark("The conversation around one: agentmesh history --thread msg_…");
}

async function queryOf(admin: MeshClient, options: HistoryOptions): Promise<Query> {
  const topic = options.topic === undefined ? undefined : typed("--topic", TopicName, options.topic);
  return {
    ...(options.agent !== undefined && { agent: options.agent }),
    ...(options.with !== undefined && { with: options.with }),
    ...(options.thread !== undefined && { thread: await threadOf(admin, options.thread, options.agent) }),
    ...(topic !== undefined && { topic }),
    ...(options.before !== undefined && { before: options.before }),
  };
}

async function fetchPages(admin: MeshClient, query: Query, limit: number): Promise<Shown> {
  const entries: HistoryEntry[] = [];
  const asked = () => ({ ...query, limit: Math.min(MAX_MESSAGES_PER_PAGE, limit - entries.length) });
  for await (const { nextBefore, ...page } of admin.pages("listMessages", asked)) {
    entries.push(...page.entries);
    if (entries.length >= limit) return { entries, ...(nextBefore !== undefined && { nextBefore }) };
  }
  return { entries };
}

function countOf({ entries, nextBefore }: Shown, { before }: HistoryOptions): string {
  const count = `${entries.length}${before === undefined ? "" : " earlier"} ${entries.length === 1 ? "message" : "messages"}`;
  return nextBefore === undefined ? count : `the newest ${count}`;
}

function older({ entries, nextBefore }: Shown, { limit }: HistoryOptions): void {
  if (nextBefore === undefined) return;
  remark(`The newest ${entries.length}. Older ones: add --before ${nextBefore}, or a higher --limit than ${limit}.`);
}

function nothingIn({ agent, with: other, thread, topic, before }: HistoryOptions): string {
  if (before !== undefined) return "There are no older ones.";
  const narrowed = agent ?? other ?? thread ?? topic;
  return narrowed === undefined
    ? "No message is kept on this mesh."
    : "No such message is kept. What ended is pruned after its retention.";
}
