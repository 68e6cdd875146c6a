/** `agentmesh inbox`: what waits for you, or for any agent; looking leases nothing. */
import type { MeshClient } from "@agentmesh/client";
import { type InboxEntry, MAX_DELIVERIES_PER_READ, plainLine, quotedUnlessWord } from "@agentmesh/protocol";
import { usageError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { bodyLine, stateStyle } from "../describe.ts";
import { since, until } from "../duration.ts";
import { indented, jsonText, print, remark, style } from "../output.ts";
import { type Column, table } from "../table.ts";

/** Options of `inbox`. */
export interface InboxOptions {
  readonly all?: true;
  readonly full?: true;
  readonly ack?: true;
  readonly newest?: true;
  readonly after?: number;
  readonly before?: number;
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
  if (name !== undefined && options.ack) {
    throw usageError("--ack works in your own inbox only: only the owner of an inbox acks. Leave the name out.");
  }
  const client = name === undefined ? (await context.acting()).client : await context.admin();
  const shown = await look(client, name, options);
  if (!context.json) await printShown(shown, name, options);
  const acked = options.ack ? await ackAll(client, shown.entries) : undefined;
  if (context.json) await print(jsonText({ ...shown, ...(acked && { acked }) }));
  else if (acked && acked.length > 0) await print(`acked ${acked.map((seq) => `#${seq}`).join(", ")}`);
}

async function look(client: MeshClient, agent: string | undefined, options: InboxOptions): Promise<Shown> {
  const entries: InboxEntry[] = [];
  let { after = 0, before } = options;
  for (;;) {
    const { open, nextAfter, nextBefore, ...page } = await client.listInbox({
      ...(agent !== undefined && { agent }),
      state: options.all ? "all" : "open",
      order: options.newest ? "newest" : "oldest",
      after,
      ...(before !== undefined && { before }),
      limit: Math.min(MAX_DELIVERIES_PER_READ, options.limit - entries.length),
    });
    entries.push(...page.entries);
    if (nextAfter === undefined && nextBefore === undefined) return { entries, open };
    after = nextAfter ?? after;
    before = nextBefore ?? before;
    if (entries.length < options.limit) continue;
    return {
      entries,
      open,
      ...(nextAfter !== undefined && { nextAfter }),
      ...(nextBefore !== undefined && { nextBefore }),
    };
  }
}

async function ackAll(client: MeshClient, entries: readonly InboxEntry[]): Promise<number[]> {
  const acked: number[] = [];
  for (const { id, seq, state } of entries) {
    if (state !== "queued" && state !== "leased") continue;
    await client.ack({ delivery: id, evidence: "read" });
    acked.push(seq);
  }
  return acked;
}

async function printShown(
  { entries, open, nextAfter, nextBefore }: Shown,
  name: string | undefined,
  options: InboxOptions,
): Promise<void> {
  const whose = name === undefined ? "you" : plainLine(name);
  if (entries.length === 0) {
    const hint = options.all ? "" : ` Ended ones too: agentmesh inbox${name === undefined ? "" : ` ${whose}`} --all`;
    return print(`Nothing waits for ${whose}.${hint}`);
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
  { title: "FROM", cell: ({ message }) => message.from.name, min: 16 },
  { title: "AGE", cell: ({ message }) => since(message.acceptedAt) },
  { title: "TEXT", cell: ({ message }) => bodyLine(message), min: 20 },
];

function whole(entry: InboxEntry): string {
  const { message, seq, attempt, state } = entry;
  const facts = [
    style(stateStyle[state], plainLine(stateOf(entry))),
    ...(attempt > 0 ? [`attempt ${attempt}`] : []),
    `${since(message.acceptedAt)} ago`,
    style("dim", message.id),
  ];
  const heading = style("bold", `#${seq} from ${plainLine(message.from.name)}`);
  return `${heading}  ${facts.join(" · ")}\n${indented(message.body)}`;
}

function stateOf({ state, readyAt, postAt, leaseEndsAt, reason }: InboxEntry): string {
  if (state === "leased" && leaseEndsAt !== undefined) return `leased, ${until(leaseEndsAt)} left`;
  if (state === "queued" && readyAt !== undefined && Date.parse(readyAt) > Date.now())
    return `queued, again in ${until(readyAt)}`;
  if (state === "queued" && postAt !== undefined && Date.parse(postAt) > Date.now())
    return `queued, posted again in ${until(postAt)}`;
  return (state === "dead" || state === "expired") && reason !== undefined
    ? `${state}: ${quotedUnlessWord(reason)}`
    : state;
}
