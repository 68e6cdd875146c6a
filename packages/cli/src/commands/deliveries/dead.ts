/** `agentmesh dead`, `redrive`, `dismiss`, `cancel`: what was given up, put back, looked after, or taken back. */
import type { MeshClient } from "@agentmesh/client";
import { type DeliveryReply, type InboxEntry, plainLine, quotedUnlessWord } from "@agentmesh/protocol";
import { eachOf } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { bodyLine, fromWords } from "../../describe.ts";
import { tellPage } from "../../page-link.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print, remark, tell } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { messageRefOf } from "../messages/send.ts";
import { deliveryIdOf } from "./delivery-ref.ts";

/** Lists dead letters, newest first. @throws MeshApiError, BrokerUnreachableError */
export async function dead(
  context: Context,
  agent: string | undefined,
  options: { readonly limit: number },
): Promise<void> {
  const admin = await context.admin();
  const { entries, more } = await newestDead(admin, await eachOf(context, admin, agent), options.limit);
  if (context.json) return print(jsonText({ entries, ...(more && { more }) }));
  if (entries.length === 0)
    return tell(agent === undefined ? "No dead letters." : `No dead letters of ${plainLine(agent)}.`);
  await print(table(columns, entries));
  if (more) remark("Older ones are not shown: see more with --limit");
  const back = entries.some(({ reason }) => reason !== "recipient_gone")
    ? "Put one back: agentmesh redrive dlv_…  "
    : "";
  remark(`${back}Take one off this list: agentmesh dismiss dlv_…`);
  await tellPage(context, "needs");
}

/** So many of the newest, of as many pages as that takes, and whether there are older ones. */
async function newestDead(admin: MeshClient, agents: readonly { readonly agent?: string }[], limit: number) {
  const all: InboxEntry[] = [];
  let more = false;
  for (const agent of agents) {
    const entries: InboxEntry[] = [];
    const query = () => ({ ...agent, limit: Math.min(100, limit - entries.length) });
    for await (const page of admin.pages("listDead", query)) {
      entries.push(...page.entries);
      more ||= page.nextAfter !== undefined && entries.length >= limit;
      if (entries.length >= limit) break;
    }
    all.push(...entries);
  }
  if (agents.length > 1) all.sort((a, b) => (a.message.acceptedAt < b.message.acceptedAt ? 1 : -1));
  return { entries: all.slice(0, limit), more: more || all.length > limit };
}

/** Puts a dead letter back into its inbox. @throws MeshApiError, BrokerUnreachableError, CommandError */
export async function redrive(context: Context, ref: string): Promise<void> {
  const delivery = deliveryIdOf(ref, "agentmesh dead");
  const reply = await (await context.admin()).redrive({ delivery });
  if (context.json) return print(jsonText(reply));
  await tell(`${reply.deliveryId} is queued again, with a new life as long as its first.`);
}

/** Takes dead letters off the list. @throws MeshApiError, BrokerUnreachableError, CommandError */
export async function dismiss(context: Context, refs: readonly string[]): Promise<void> {
  const deliveries = refs.map((ref) => deliveryIdOf(ref, "agentmesh dead"));
  const admin = await context.admin();
  const replies: DeliveryReply[] = [];
  for (const delivery of deliveries) {
    const reply = await admin.dismiss({ delivery });
    replies.push(reply);
    if (!context.json)
      await tell(`${reply.deliveryId} is off the list of dead letters; its text stays in the history.`);
  }
  if (context.json) await print(jsonText({ dismissed: replies }));
}

/** Takes back a message of the agent the command line acts as. @throws MeshApiError, CommandError */
export async function cancel(context: Context, ref: string): Promise<void> {
  const reply = await (await context.acting()).client.cancel({ message: messageRefOf(ref) });
  if (context.json) return print(jsonText(reply));
  const others =
    reply.given > 0 ? ` from ${reply.cancelled} inboxes; ${reply.given} had it already` : ": nobody was given it";
  await tell(`${reply.messageId} is taken back${others}.`);
}

const columns: Column<InboxEntry>[] = [
  { title: "DELIVERY", cell: ({ id }) => id, min: 36 },
  { title: "FROM", cell: ({ trust, message }) => fromWords(trust, message), min: 12 },
  { title: "TO", cell: ({ to }) => to.name, min: 12 },
  { title: "SENT", cell: ({ message }) => `${since(message.acceptedAt)} ago` },
  { title: "WHY", cell: ({ reason }) => (reason ? quotedUnlessWord(reason) : ""), min: 20 },
  { title: "TEXT", cell: ({ message }) => bodyLine(message), min: 12 },
];
