/** `agentmesh held`, `admit`, `refuse`: what a policy keeps aside, and what becomes of it. */
import { type InboxEntry, plainLine } from "@agentmesh/protocol";
import { ownToAll } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { bodyText, trustWords } from "../../describe.ts";
import { tellPage } from "../../page-link.ts";
import { since } from "../../terminal/clock.ts";
import { indented, jsonText, print, remark, style, tell, withId } from "../../terminal/output.ts";
import { deliveryIdOf } from "./delivery-ref.ts";

/** Shows what is held, of one agent or of all, with whole texts: somebody is to decide on them. @throws MeshApiError */
export async function held(context: Context, agent: string | undefined): Promise<void> {
  const admin = await context.admin();
  // An archived one may share its name with another: by id.
  const whose =
    agent === undefined
      ? (await ownToAll(admin, context.address())).filter(({ held }) => held > 0).map(({ id }) => id)
      : [agent];
  const entries: InboxEntry[] = [];
  for (const each of whose) {
    for await (const page of admin.pages("listInbox", { agent: each, state: "held" })) entries.push(...page.entries);
  }
  if (context.json) return print(jsonText({ entries }));
  if (entries.length === 0)
    return tell(agent === undefined ? "Nothing is held." : `Nothing is held for ${plainLine(agent)}.`);
  await print(entries.map(whole).join("\n\n"));
  remark("Decide: agentmesh admit dlv_…, or agentmesh refuse dlv_…");
  await tellPage(context, "needs");
}

/** Lets a held delivery into its inbox. @throws MeshApiError, CommandError */
export async function admit(context: Context, ref: string): Promise<void> {
  const reply = await (await context.admin()).admit({ delivery: deliveryIdOf(ref, "agentmesh held") });
  if (context.json) return print(jsonText(reply));
  await tell(`${reply.deliveryId} is admitted: it is ${reply.state} now.`);
}

/** Refuses a held delivery for good. @throws MeshApiError, CommandError */
export async function refuse(context: Context, ref: string, { reason }: { readonly reason?: string }): Promise<void> {
  const admin = await context.admin();
  const reply = await admin.refuse({
    delivery: deliveryIdOf(ref, "agentmesh held"),
    ...(reason !== undefined && { reason }),
  });
  if (context.json) return print(jsonText(reply));
  await tell(`${reply.deliveryId} is refused; its sender is told.`);
}

function whole({ id, seq, to, trust, message }: InboxEntry): string {
  const told = trustWords(trust, message);
  const heading = style("bold", `${plainLine(message.from.name)} → ${plainLine(to.name)} #${seq}`);
  return `${withId(`${heading}  ${told === "" ? "" : `${told} · `}${since(message.acceptedAt)} ago`, id)}\n${indented(bodyText(message))}`;
}
