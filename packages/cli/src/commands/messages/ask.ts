/** `agentmesh ask`, `owed` and `waive`: a question waited for, the questions nobody has answered yet, and that nobody has to. */
import { randomUUID } from "node:crypto";
import { type AskReply, type OpenAsk, plainLine, quoted, quotedUnlessWord, type WaiveReply } from "@agentmesh/protocol";
import { eachOf } from "../../all-agents.ts";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { recipientText } from "../../describe.ts";
import { since, until } from "../../terminal/clock.ts";
import { indented, jsonText, print, remark, style, tell, warn } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { waitFor } from "../../terminal/waiting.ts";
import { textFrom } from "../../text-input.ts";
import { messageRefOf } from "./send.ts";

/** Longest wait of one call; then it is said how far it has come. */
const EACH_MS = 10_000;

/** Long enough to show an answer, in milliseconds. */
const LEASE_MS = 30_000;

/** Asks as the context's agent; exits 7 when no answer came in time, 8 when none will come. @throws CommandError, MeshApiError */
export async function ask(
  context: Context,
  to: string,
  words: readonly string[],
  options: { readonly timeout: number; readonly file?: string },
): Promise<void> {
  const { json } = context;
  const body = await textFrom({ words, file: options.file }, `question for ${plainLine(to)}`);
  const { client, patient, by } = await context.acting();
  // One key for all calls: the question is stored once, however often it is asked for its answer.
  const question = { to, body, ...by, idempotencyKey: randomUUID(), lease: { leaseMs: LEASE_MS } };
  let last: AskReply | undefined;
  const answer = await waitFor({
    json,
    what: () =>
      last
        ? `the answer of ${plainLine(last.delivery.to.name)} to ${last.messageId}`
        : "the broker to take the question",
    ms: options.timeout,
    begun: () => last !== undefined,
    stands: () =>
      last ? stands(last) : "The broker has not said that it has the question. Whether it has: agentmesh owed",
    facts: () => (last ? { messageId: last.messageId } : {}),
    async look({ signal, mayWaitMs, progress }) {
      const isFirst = last === undefined;
      const timeoutMs = isFirst ? 0 : mayWaitMs(EACH_MS);
      last = await (isFirst ? client : patient).ask({ ...question, timeoutMs }, { signal });
      // Before the wait: whoever is asked may not be there to answer.
      if (isFirst && last.status === "pending" && !json) for (const { detail } of last.delivery.warnings) warn(detail);
      const { state, recipient } = last.delivery;
      progress(`${state}, ${plainLine(recipientText(recipient))}`);
      return last.status === "pending" ? undefined : last;
    },
  });
  const ended = answer ?? last;
  if (ended === undefined) return; // ended before its first look: waitFor has thrown
  if (json) await print(jsonText(ended));
  const { delivery, messageId, reply, replyDelivery } = ended;
  const name = plainLine(delivery.to.name);
  if (reply) {
    if (!json) await print(`${style("bold", `${name} answered:`)}\n${indented(reply.body)}`);
    // Only now that it was shown; unacked it comes into the inbox once more.
    if (replyDelivery) await client.ack({ delivery: replyDelivery.id, evidence: "read" }).catch(() => undefined);
    return;
  }
  if (ended.status === "ended") {
    const why = quotedUnlessWord(ended.endedWhy ?? "no reason given");
    const isWaived = ended.endedWhy?.startsWith("waived") === true;
    const what = isWaived
      ? `${name} owes no answer any more: ${plainLine(ended.endedWhy ?? "")}. A late one would still come into the inbox.`
      : `No answer will come: the question is ${delivery.state} for ${name} (${why}).`;
    const detail = `${what} What became of it: agentmesh trace ${messageId}`;
    throw new CommandError("ended", detail, "ended", { messageId });
  }
  const detail = `No answer yet; the question is ${delivery.state} for ${name} (${recipientText(delivery.recipient)}). ${stands(ended)}`;
  throw new CommandError("pending", detail, "pending", { messageId });
}

function stands({ messageId }: AskReply): string {
  return `The question stands, and a late answer comes into the inbox: agentmesh inbox. Why it waits: agentmesh trace ${messageId}. Take it back while nobody was given it: agentmesh cancel ${messageId}`;
}

/** Lists questions without an answer: all of the mesh, or those of one agent. @throws MeshApiError */
export async function owed(context: Context, agent: string | undefined): Promise<void> {
  const admin = await context.admin();
  const asks: Record<"owed" | "waiting", OpenAsk[]> = { owed: [], waiting: [] };
  /** Those that whoever looks may waive. */
  const waivable: OpenAsk[] = [];
  for (const whose of await eachOf(context, admin, agent)) {
    const { owed, waiting } = await admin.listAsks(whose);
    asks.owed.push(...owed);
    asks.waiting.push(...waiting);
    waivable.push(...waiting, ...(whose.agent === undefined ? owed : []));
  }
  if (context.json) return print(jsonText(asks));
  if (asks.owed.length + asks.waiting.length === 0) return tell("No question is without an answer.");
  // Between two of those that are looked at, it is owed by one and waited for by the other.
  const rows = [...new Map([...asks.owed, ...asks.waiting].map((ask) => [ask.messageId, ask])).values()];
  await print(table(columns, rows));
  if (rows.some(({ overdue }) => overdue)) {
    const ending = waivable.some(({ overdue }) => overdue) ? " Have nobody owe one: agentmesh waive msg_…" : "";
    remark(`Overdue: the agent asked is reminded once, then the asker is told.${ending}`);
  }
}

/** Has nobody owe answers any more. @throws MeshApiError, BrokerUnreachableError, CommandError */
export async function waive(context: Context, refs: readonly string[]): Promise<void> {
  const messages = refs.map(messageRefOf);
  const admin = await context.admin();
  const replies: WaiveReply[] = [];
  try {
    for (const message of messages) {
      const reply = await admin.waive({ message });
      replies.push(reply);
      const [debtor, asker] = [plainLine(reply.to.name), plainLine(reply.from.name)];
      if (!context.json) await tell(`${debtor} owes ${asker} no answer to ${reply.messageId} any more.`);
    }
  } finally {
    // Of several, what was done before one was refused is done.
    if (context.json && (replies.length > 0 || messages.length === 0)) await print(jsonText({ waived: replies }));
  }
}

const columns: Column<OpenAsk>[] = [
  { title: "WHO OWES", cell: ({ to }) => to.name, min: 12 },
  { title: "#SEQ", cell: ({ seq }) => `#${seq}` },
  { title: "TO WHOM", cell: ({ from }) => from.name, min: 12 },
  { title: "ASKED", cell: ({ askedAt }) => `${since(askedAt)} ago` },
  {
    title: "DUE",
    cell: ({ overdue, dueAt }) => (overdue ? { text: `overdue ${since(dueAt)}`, style: "red" } : `in ${until(dueAt)}`),
  },
  { title: "QUESTION", cell: ({ preview }) => quoted(preview), min: 20 },
  { title: "MESSAGE", cell: ({ messageId }) => messageId, min: 36, fold: true },
];
