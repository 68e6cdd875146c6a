/** `agentmesh inbox`: what waits for you, or for any agent; looking leases nothing. */
import type { MeshClient } from "@agentmesh/client";
import { type InboxEntry, MAX_DELIVERIES_PER_READ, plainLine, quoted } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { bodyLine, fromWords, stateStyle } from "../../describe.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print, remark, tell } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { tellRefused } from "./ack.ts";
import { ackAll, ackedText, followInbox, placeOf } from "./follow-inbox.ts";
import { stateOf, whole } from "./inbox-entry.ts";

/** Options of `inbox`. */
export interface InboxOptions {
  readonly all?: true;
  readonly full?: true;
  readonly ack?: true;
  readonly newest?: true;
  readonly after?: number;
  readonly before?: number;
  readonly follow?: true;
  readonly limit: number;
}

interface Shown {
  readonly entries: readonly InboxEntry[];
  readonly open: number;
  readonly nextAfter?: number;
  readonly nextBefore?: number;
}

/** Shows an inbox; `--ack` then acks what was shown. @throws CommandError, MeshApiError, BrokerUnreachableError */
export async function inbox(context: Context, name: string | undefined, options: InboxOptions): Promise<void> {
  if (options.follow && (options.before !== undefined || options.newest)) {
    throw usageError("-f goes on where the inbox ends: leave --newest and --before out.");
  }
  if (name !== undefined && options.ack) {
    throw usageError("--ack works in your own inbox only: only the owner of an inbox acks. Leave the name out.");
  }
  const client = name === undefined ? await ownClient(context, options) : await context.admin(retriesOf(options));
  if (!client) return noInboxYet(context, options);
  // Before the page, so that nothing comes between the two.
  const place = options.follow && (await placeOf(client, name));
  const shown = await look(client, name, options);
  if (!context.json) await printShown(shown, name, options);
  else if (options.follow) for (const entry of shown.entries) await print(jsonText(entry, 0));
  const { acked, refused } = options.ack ? await ackAll(client, shown.entries) : { acked: undefined, refused: [] };
  if (context.json && !options.follow) await print(jsonText({ ...shown, ...(acked && { acked }) }));
  else if (!context.json && acked && acked.length > 0) await tell(ackedText(acked));
  tellRefused(context, refused);
  if (place) await followInbox(context, client, { name, place, shown: shown.entries, ack: options.ack });
}

/** Following tries again by itself, and says so; the client's silent retries would hide it. */
const retriesOf = ({ follow }: InboxOptions) => (follow ? { retryForMs: 0 } : {});

async function ownClient(context: Context, { follow }: InboxOptions): Promise<MeshClient | undefined> {
  const own = await context.own();
  return follow ? own?.patient : own?.client;
}

/** The inbox of an agent that is not in the mesh: nobody could write to it. */
async function noInboxYet(context: Context, { follow }: InboxOptions): Promise<void> {
  const why = `Nothing waits for you: ${context.name} is not in the mesh yet, and nobody can write to it before your first message.`;
  if (!context.json) return tell(why);
  if (follow) return remark(why);
  await print(jsonText({ entries: [], open: 0 }));
}

async function look(client: MeshClient, agent: string | undefined, options: InboxOptions): Promise<Shown> {
  const entries: InboxEntry[] = [];
  const { after = 0, before } = options;
  const query = () => ({
    ...(agent !== undefined && { agent }),
    state: options.all ? ("all" as const) : ("open" as const),
    order: options.newest ? ("newest" as const) : ("oldest" as const),
    after,
    ...(before !== undefined && { before }),
    limit: Math.min(MAX_DELIVERIES_PER_READ, options.limit - entries.length),
  });
  let open = 0;
  for await (const { nextAfter, nextBefore, ...page } of client.pages("listInbox", query)) {
    entries.push(...page.entries);
    open = page.open;
    if (entries.length < options.limit) continue;
    const next = { ...(nextAfter !== undefined && { nextAfter }), ...(nextBefore !== undefined && { nextBefore }) };
    return { entries, open, ...next };
  }
  return { entries, open };
}

async function printShown(
  { entries, open, nextAfter, nextBefore }: Shown,
  name: string | undefined,
  options: InboxOptions,
): Promise<void> {
  const whose = name === undefined ? "you" : plainLine(name);
  if (entries.length === 0) {
    const hint = options.all ? "" : ` Ended ones too: agentmesh inbox${name === undefined ? "" : ` ${whose}`} --all`;
    return tell(`Nothing waits for ${whose}.${hint}`);
  }
  if (name === undefined || options.full) await print(entries.map(whole).join("\n\n"));
  else await print(table(columns, entries));
  const next =
    nextBefore !== undefined ? `--before ${nextBefore}` : nextAfter !== undefined ? `--after ${nextAfter}` : "";
  if (next !== "") remark(`${open} open in all. More follow: add ${next}`);
}

const columns: Column<InboxEntry>[] = [
  { title: "#SEQ", cell: ({ seq }) => `#${seq}` },
  { title: "STATE", cell: (entry) => ({ text: stateOf(entry), style: stateStyle[entry.state] }), min: 20 },
  { title: "ATTEMPT", cell: ({ attempt }) => String(attempt) },
  { title: "FROM", cell: ({ trust, message }) => fromWords(trust, message), min: 16 },
  { title: "AGE", cell: ({ message }) => since(message.acceptedAt) },
  { title: "TEXT", cell: textOf, min: 20 },
];

function textOf({ message, question }: InboxEntry): string {
  return question ? `${bodyLine(message)} answers ${quoted(question.preview)}` : bodyLine(message);
}
