/** `agentmesh inbox`: what waits for you, or for any agent; looking leases nothing. */
import type { MeshClient } from "@agentmesh/client";
import { type InboxEntry, MAX_DELIVERIES_PER_READ, plainLine, quoted, quotedUnlessWord } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { bodyLine, bodyText, stateStyle } from "../../describe.ts";
import { since, until } from "../../terminal/clock.ts";
import { indented, jsonText, print, remark, style, withId } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { questionLine } from "../../timeline.ts";
import { follow } from "../deliveries/follow-log.ts";

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
  // Following tries again by itself, and says so; the client's silent retries would hide it.
  const client =
    name === undefined ? (await context.own())?.client : await context.admin(options.follow ? { retryForMs: 0 } : {});
  if (!client) return noInboxYet(context);
  // Before the page, so that nothing comes between the two.
  const from = options.follow
    ? (await client.log({ ...(name !== undefined && { agent: name }), limit: 1 })).cursor
    : "";
  const shown = await look(client, name, options);
  if (!context.json) await printShown(shown, name, options);
  const acked = options.ack ? await ackAll(client, shown.entries) : undefined;
  if (context.json) await print(jsonText({ ...shown, ...(acked && { acked }) }));
  else if (acked && acked.length > 0) await print(ackedText(acked));
  if (options.follow) await followInbox(context, client, name, { ...options, from });
}

/** The inbox of an agent that is not in the mesh: nobody could write to it. */
function noInboxYet(context: Context): Promise<void> {
  if (context.json) return print(jsonText({ entries: [], open: 0 }));
  return print(
    `Nothing waits for you: ${context.name} is not in the mesh yet, and nobody can write to it before your first message.`,
  );
}

/** Shows what comes into an inbox from a place of the log on, until Ctrl-C. */
async function followInbox(
  context: Context,
  client: MeshClient,
  name: string | undefined,
  { from, ack }: { readonly from: string; readonly ack?: true },
): Promise<void> {
  const whose = name === undefined ? {} : { agent: name };
  const owner = (await client.getAgent({ agent: name ?? "me" })).id;
  await follow(
    client,
    { ...whose, limit: 1, after: from },
    async (entries) => {
      for (const { to, event, seq } of entries) {
        if (to.id !== owner || !ARRIVALS.has(event)) continue;
        const [entry] = (await client.listInbox({ ...whose, state: "all", after: seq - 1, limit: 1 })).entries;
        if (entry?.seq !== seq || entry.state === "held") continue;
        await print(context.json ? jsonText(entry, 0) : `\n${whole(entry)}`);
        const acked = ack ? await ackAll(client, [entry]) : [];
        if (acked.length > 0 && !context.json) await print(ackedText(acked));
      }
    },
    { json: context.json, what: "more", again: `agentmesh inbox${name === undefined ? "" : ` ${plainLine(name)}`} -f` },
  );
}

/** What brings a delivery into an inbox. */
const ARRIVALS: ReadonlySet<string> = new Set(["accepted", "admitted", "redriven"]);

const ackedText = (acked: readonly number[]) => `acked ${acked.map((seq) => `#${seq}`).join(", ")}`;

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
  { title: "TEXT", cell: textOf, min: 20 },
];

function textOf({ message, question }: InboxEntry): string {
  return question ? `${bodyLine(message)} answers ${quoted(question.preview)}` : bodyLine(message);
}

function whole(entry: InboxEntry): string {
  const { message, question, seq, attempt, state } = entry;
  const facts = [
    style(stateStyle[state], plainLine(stateOf(entry))),
    ...(attempt > 0 ? [`attempt ${attempt}`] : []),
    `${since(message.acceptedAt)} ago`,
  ];
  const heading = style("bold", `#${seq} from ${plainLine(message.from.name)}`);
  return `${withId(`${heading}  ${facts.join(" · ")}`, message.id)}${question ? `\n${style("dim", questionLine(question))}` : ""}\n${indented(bodyText(message))}`;
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
