/** `agentmesh ack`: ends single messages of the own inbox. */
import type { MeshClient } from "@agentmesh/client";
import type { AckReply, Agent, DeliveryRef } from "@agentmesh/protocol";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { jsonText, print, remark, tell } from "../../terminal/output.ts";
import { messageRefOf } from "./send.ts";

/** Acks messages of the context's agent, each by its number or id: one that is refused leaves the others as they are. @throws CommandError, MeshApiError */
export async function ack(context: Context, refs: readonly string[]): Promise<void> {
  const named = refs.map((ref) => ({ ref, parsed: messageRefOf(ref) }));
  const own = await context.own();
  if (!own)
    throw new CommandError(
      "delivery_not_found",
      `${context.name} has no inbox yet: nothing was sent to it.`,
      "notFound",
    );
  const answers = await Promise.allSettled(
    named.map(async ({ parsed }) => own.client.ack({ delivery: await deliveryOf(own, parsed), evidence: "read" })),
  );
  const acked: AckReply[] = [];
  for (const [i, answer] of answers.entries()) {
    if (answer.status !== "fulfilled") continue;
    acked.push(answer.value);
    if (!context.json) await tell(`${named[i]?.ref} is acked${answer.value.duplicate ? ", as it was before" : ""}.`);
  }
  if (context.json && acked.length > 0) await print(jsonText({ acked }));
  tellRefused(
    context,
    answers.flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : [])),
  );
}

/** Ends with the first of what was refused, and names the others before it. @throws it */
export function tellRefused({ json }: Context, refused: readonly unknown[]): void {
  const [first, ...others] = refused;
  if (first === undefined) return;
  const said = new Set([wordsOf(first)]);
  for (const each of others) {
    if (json || said.has(wordsOf(each))) continue;
    said.add(wordsOf(each));
    remark(wordsOf(each));
  }
  throw first;
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A delivery of the agent by what names its message. */
async function deliveryOf(own: { client: MeshClient; agent: Agent }, ref: string): Promise<DeliveryRef> {
  if (!ref.startsWith("msg_")) return ref;
  const { message, deliveries } = await own.client.getMessage({ message: ref });
  const mine = deliveries.find(({ to }) => to.id === own.agent.id);
  if (mine) return mine.id;
  throw new CommandError("delivery_not_found", `${message.id} is not in the inbox of ${own.agent.name}.`, "notFound");
}
