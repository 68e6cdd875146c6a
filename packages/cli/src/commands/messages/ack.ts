/** `agentmesh ack`: ends single messages of the own inbox. */
import type { MeshClient } from "@agentmesh/client";
import type { AckReply, Agent, DeliveryRef } from "@agentmesh/protocol";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { jsonText, print } from "../../terminal/output.ts";
import { messageRefOf } from "./send.ts";

/** Acks messages of the context's agent, each by its number or id. @throws CommandError, MeshApiError */
export async function ack(context: Context, refs: readonly string[]): Promise<void> {
  const named = refs.map((ref) => ({ ref, parsed: messageRefOf(ref) }));
  const own = await context.own();
  if (!own)
    throw new CommandError(
      "delivery_not_found",
      `${context.name} has no inbox yet: nothing was sent to it.`,
      "notFound",
    );
  const acked: AckReply[] = [];
  for (const { ref, parsed } of named) {
    const reply = await own.client.ack({ delivery: await deliveryOf(own, parsed), evidence: "read" });
    acked.push(reply);
    if (!context.json) await print(`${ref} is acked${reply.duplicate ? ", as it was before" : ""}.`);
  }
  if (context.json) await print(jsonText({ acked }));
}

/** A delivery of the agent by what names its message. */
async function deliveryOf(own: { client: MeshClient; agent: Agent }, ref: string): Promise<DeliveryRef> {
  if (!ref.startsWith("msg_")) return ref;
  const { message, deliveries } = await own.client.getMessage({ message: ref });
  const mine = deliveries.find(({ to }) => to.id === own.agent.id);
  if (mine) return mine.id;
  throw new CommandError("delivery_not_found", `${message.id} is not in the inbox of ${own.agent.name}.`, "notFound");
}
