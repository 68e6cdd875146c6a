/** `agentmesh topics`, `publish`, `subscribe`: points of publication, and who listens there. */
import type { MeshClient } from "@agentmesh/client";
import {
  plainLine,
  presenceWords,
  publishCounts,
  publishRemarks,
  type Subscription,
  type Topic,
  TopicName,
  TopicPattern,
  type Urgency,
} from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { stateStyle, times } from "../../describe.ts";
import { typed } from "../../option-values.ts";
import { inLocalTime, since } from "../../terminal/clock.ts";
import { jsonText, print, remark, sentence, style, tell, warn } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { textFrom } from "../../text-input.ts";

/** Lists topics that were published on. @throws MeshApiError, BrokerUnreachableError */
export async function topics(context: Context): Promise<void> {
  const admin = await context.admin();
  // Who is subscribed is of the whole mesh: a machine that joined is told of topics alone.
  const isWhole = context.address().joined === undefined;
  const [published, subscriptions] = [await allTopics(admin), isWhole ? await allSubscriptions(admin) : []];
  if (context.json) return print(jsonText({ topics: published, subscriptions }));
  if (published.length > 0) await print(table(columns, published));
  else await tell("Nothing has been published yet.");
  for (const { agent, topic } of subscriptions) await tell(`${plainLine(agent.name)} is subscribed to ${topic}`);
  if (!isWhole) remark("Who is subscribed to what is seen where the broker runs.");
}

/** Topics of all pages. */
async function allTopics(admin: MeshClient): Promise<Topic[]> {
  const all: Topic[] = [];
  for await (const page of admin.pages("listTopics", { limit: 1_000 })) all.push(...page.topics);
  return all;
}

/** Subscriptions of all pages. */
async function allSubscriptions(admin: MeshClient): Promise<Subscription[]> {
  const all: Subscription[] = [];
  for await (const page of admin.pages("listSubscriptions", { limit: 1_000 })) all.push(...page.subscriptions);
  return all;
}

/** Publishes as the context's agent; says who got it and who did not. @throws CommandError, MeshApiError */
export async function publish(
  context: Context,
  name: string,
  words: readonly string[],
  { urgency, file }: { readonly urgency?: Urgency; readonly file?: string },
): Promise<void> {
  const topic = typed("The topic", TopicName, name);
  const body = await textFrom({ words, file }, `message on ${topic}`);
  const { client, by } = await context.acting();
  const reply = await client.publish({
    topic,
    body,
    ...by,
    ...(urgency !== undefined && { urgency }),
  });
  if (context.json) return print(jsonText(reply));
  const { accepted, skipped, acceptedUnnamed, skippedUnnamed } = publishCounts(reply);
  const said = `published on ${reply.topic}: stored for ${accepted} of ${accepted + skipped} subscribers`;
  await print(style("bold", "published") + sentence(said, "  ").slice("published".length));
  for (const { to, seq, state, recipient } of reply.accepted) {
    const shown = state === "queued" ? "" : `: ${style(stateStyle[state], state)}`;
    await tell(`  #${seq} for ${plainLine(to.name)} (${presenceWords(recipient, times)})${shown}`);
  }
  if (acceptedUnnamed > 0) await print(`  and for ${acceptedUnnamed} more`);
  const { rules, warnings } = publishRemarks(reply.accepted);
  for (const { detail } of rules) await tell(plainLine(inLocalTime(detail), 800));
  for (const { detail } of warnings) warn(detail);
  const archived = reply.skipped.filter(({ why }) => why === "archived");
  for (const { agent, why } of reply.skipped) if (why !== "archived") warn(`not for ${plainLine(agent.name)}: ${why}`);
  if (archived.length > 0)
    warn(`not for ${archived.length} archived: ${plainLine(archived.map(({ agent }) => agent.name).join(", "), 200)}`);
  if (skippedUnnamed > 0) warn(`not for ${skippedUnnamed} more`);
  await print(reply.messageId);
}

/** Subscribes the context's agent, or ends that. @throws CommandError, MeshApiError */
export async function subscribe(
  context: Context,
  name: string,
  options: { readonly unsubscribe?: true; readonly retained: number },
): Promise<void> {
  const topic = typed("The topic", TopicPattern, name);
  const { client, agent } = await context.acting();
  if (options.unsubscribe) {
    const { removed } = await client.unsubscribe({ topic });
    if (context.json) return print(jsonText({ removed }));
    return tell(`${agent.name} ${removed ? "is no longer" : "was not"} subscribed to ${topic}`);
  }
  const reply = await client.subscribe({ topic, retained: options.retained });
  if (context.json) return print(jsonText(reply));
  const earlier = reply.retained > 0 ? `; ${await earlierText(client, reply.retained)}` : "";
  await tell(`${agent.name} ${reply.created ? "is now" : "was already"} subscribed to ${topic}${earlier}`);
  if (reply.leftOut > 0) {
    warn(`${reply.leftOut} more did not fit: the inbox is full. With room in it, unsubscribe and subscribe again.`);
  }
}

/** What came with a subscription; the reply counts what the policy holds as well, so the agent is asked for that. */
async function earlierText(client: MeshClient, retained: number): Promise<string> {
  const { name, held } = await client.getAgent({ agent: "me" });
  const came = retained === 1 ? "1 earlier message was" : `${retained} earlier messages were`;
  const decided = held === 0 ? "" : `, where its policy holds ${held} until you decide: agentmesh held ${name}`;
  return `${came} put into the inbox${decided}`;
}

const columns: Column<Topic>[] = [
  { title: "TOPIC", cell: ({ topic }) => topic, min: 16 },
  { title: "SUBSCRIBERS", cell: ({ subscribers }) => String(subscribers) },
  { title: "KEPT", cell: ({ messages }) => String(messages) },
  { title: "LAST", cell: ({ lastPublishedAt }) => `${since(lastPublishedAt)} ago` },
];
