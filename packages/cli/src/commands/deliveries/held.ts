/** `agentmesh held`, `admit`, `refuse`: what a policy keeps aside, and what becomes of it. */
import { type InboxEntry, plainLine } from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { bodyText } from "../../describe.ts";
import { since } from "../../terminal/clock.ts";
import { indented, jsonText, print, remark, style, withId } from "../../terminal/output.ts";
import { deliveryIdOf } from "./delivery-ref.ts";

/** Shows what is held, of one agent or of all, with whole texts: somebody is to decide on them. @throws MeshApiError */
export async function held(context: Context, agent: string | undefined): Promise<void> {
  const admin = await context.admin();
  const names =
    agent === undefined
      ? (await allAgents(admin, "all")).filter((each) => each.held > 0).map(({ name }) => name)
      : [agent];
  const entries: InboxEntry[] = [];
  for (const name of names) entries.push(...(await heldBy(context, name)));
  if (context.json) return print(jsonText({ entries }));
  if (entries.length === 0)
    return print(agent === undefined ? "Nothing is held." : `Nothing is held for ${plainLine(agent)}.`);
  await print(entries.map(whole).join("\n\n"));
  remark("Decide: agentmesh admit dlv_…, or agentmesh refuse dlv_…");
}

async function heldBy(context: Context, agent: string): Promise<InboxEntry[]> {
  const admin = await context.admin();
  const entries: InboxEntry[] = [];
  for (let after = 0; ; ) {
    const page = await admin.listInbox({ agent, state: "held", after });
    entries.push(...page.entries);
    if (page.nextAfter === undefined) return entries;
    after = page.nextAfter;
  }
}

/** Lets a held delivery into its inbox. @throws MeshApiError, CommandError */
export async function admit(context: Context, ref: string): Promise<void> {
  const reply = await (await context.admin()).admit({ delivery: deliveryIdOf(ref, "agentmesh held") });
  await print(context.json ? jsonText(reply) : `${reply.deliveryId} is admitted: it is ${reply.state} now.`);
}

/** Refuses a held delivery for good. @throws MeshApiError, CommandError */
export async function refuse(context: Context, ref: string, { reason }: { readonly reason?: string }): Promise<void> {
  const admin = await context.admin();
  const reply = await admin.refuse({
    delivery: deliveryIdOf(ref, "agentmesh held"),
    ...(reason !== undefined && { reason }),
  });
  await print(context.json ? jsonText(reply) : `${reply.deliveryId} is refused; its sender is told.`);
}

function whole({ id, seq, to, message }: InboxEntry): string {
  const heading = style("bold", `${plainLine(message.from.name)} → ${plainLine(to.name)} #${seq}`);
  return `${withId(`${heading}  ${since(message.acceptedAt)} ago`, id)}\n${indented(bodyText(message))}`;
}
