/** Tool subscribe: get what is published on a topic, or no longer. */
import type { MeshClient } from "@agentmesh/client";
import { MAX_RETAINED, TopicPattern } from "@agentmesh/protocol";
import * as z from "zod";
import { tool } from "./tool.ts";

/** Subscribes or unsubscribes, and lists what the agent is subscribed to. */
export const subscribe = tool({
  name: "subscribe",
  description: "Get messages published on a topic into your inbox from now on; with unsubscribe: true, no longer.",
  annotations: {
    title: "Subscribe",
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.strictObject({
    topic: TopicPattern,
    unsubscribe: z.boolean().default(false),
    retained: z.int().min(0).max(MAX_RETAINED).default(0).meta({ description: "earlier messages to get as well" }),
  }),
  async run({ client }, { topic, unsubscribe, retained }, signal) {
    let did: string;
    if (unsubscribe) {
      const { removed } = await client.unsubscribe({ topic }, { signal });
      did = removed ? `Unsubscribed from ${topic}.` : `You were not subscribed to ${topic}.`;
    } else {
      const reply = await client.subscribe({ topic, retained }, { signal });
      const earlier = reply.retained > 0 ? ` ${await earlierText(client, reply.retained, signal)}` : "";
      const left = reply.leftOut > 0 ? ` ${reply.leftOut} more did not fit: your inbox is full.` : "";
      did = `${reply.created ? "Subscribed" : "You were already subscribed"} to ${topic}.${earlier}${left}`;
    }
    const { subscriptions, nextAfter } = await client.listSubscriptions({}, { signal });
    const topics = subscriptions.map((each) => each.topic);
    const more = nextAfter === undefined ? "" : ", and more";
    return {
      text: `${did} Your subscriptions: ${topics.join(", ") || "none"}${more}.`,
      data: { did, subscriptions: topics, ...(nextAfter !== undefined && { more: true }) },
    };
  },
});

/** What came with a subscription; the reply counts what the policy holds as well, so the agent is asked for that. */
async function earlierText(client: MeshClient, retained: number, signal: AbortSignal): Promise<string> {
  const { name, held } = await client.getAgent({ agent: "me" }, { signal });
  const came = retained === 1 ? "1 earlier message was" : `${retained} earlier messages were`;
  const decided =
    held === 0 ? "" : ` In all your policy holds ${held} until a person decides (agentmesh held ${name}).`;
  return `${came} put into your inbox.${decided}`;
}
