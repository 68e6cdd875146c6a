/** `agentmesh ask` and `owed`: a question waited for, and the questions nobody has answered yet. */
import { type OpenAsk, plainLine, quoted, quotedUnlessWord } from "@agentmesh/protocol";
import { CommandError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { recipientText } from "../describe.ts";
import { since, until } from "../duration.ts";
import { indented, jsonText, print, remark, style, warn } from "../output.ts";
import { type Column, table } from "../table.ts";
import { messageBody } from "./send.ts";

/** Asks as the context's agent; exits 1 when no answer came in time, or none will come. @throws CommandError, MeshApiError */
export async function ask(
  context: Context,
  to: string,
  words: readonly string[],
  options: { readonly timeout: number },
): Promise<void> {
  const body = await messageBody(words, to);
  const { client } = await context.acting();
  const answer = await client.ask({ to, body, timeoutMs: options.timeout });
  if (context.json) await print(jsonText(answer));
  if (answer.reply) {
    if (context.json) return;
    return print(`${style("bold", `${plainLine(answer.delivery.to.name)} answered:`)}\n${indented(answer.reply.body)}`);
  }
  const { delivery, messageId } = answer;
  if (answer.status === "ended") {
    throw new CommandError(
      "ended",
      `No answer will come: the question is ${delivery.state} for ${plainLine(delivery.to.name)} (${quotedUnlessWord(answer.endedWhy ?? "no reason given")}). What became of it: agentmesh trace ${messageId}`,
    );
  }
  for (const { detail } of delivery.warnings) warn(detail);
  throw new CommandError(
    "pending",
    `No answer yet; the question is ${delivery.state} for ${plainLine(delivery.to.name)} (${recipientText(delivery.recipient)}). A late answer comes into the inbox: agentmesh inbox. Why it waits: agentmesh trace ${messageId}`,
  );
}

/** Lists questions without an answer: all of the mesh, or those of one agent. @throws MeshApiError */
export async function owed(context: Context, agent: string | undefined): Promise<void> {
  const admin = await context.admin();
  const asks = await admin.listAsks(agent === undefined ? {} : { agent });
  if (context.json) return print(jsonText(asks));
  if (asks.owed.length + asks.waiting.length === 0) return print("No question is without an answer.");
  const rows = [...asks.owed, ...asks.waiting];
  await print(table(columns, rows));
  if (rows.some(({ overdue }) => overdue)) remark("Overdue: the agent asked is reminded once, then the asker is told.");
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
];
