/** The predecessor's topics are any text; ours are words. What is no topic name here gets one it can be read back from. */
import { TopicName } from "@agentmesh/protocol";
import { MeshError } from "../mesh/errors.ts";

const PREFIX = "legacy-topic.";

/**
 * The topic that a text of the predecessor means: itself where it is a topic name, else hexadecimal behind a prefix. So
 * `*` and `>` are no patterns on this wire. @throws MeshError invalid_request when it is too long
 */
export function topicOf(text: string): TopicName {
  const own = TopicName.safeParse(text);
  if (own.success && !text.startsWith(PREFIX)) return own.data;
  const made = TopicName.safeParse(`${PREFIX}x${Buffer.from(text).toString("hex")}`);
  if (made.success) return made.data;
  throw new MeshError(
    "invalid_request",
    `A topic of this form may have 90 bytes, this one has ${Buffer.byteLength(text)}.`,
  );
}

/** The text it was made of. */
export function textOfTopic(topic: TopicName): string {
  return topic.startsWith(PREFIX) ? Buffer.from(topic.slice(PREFIX.length + 1), "hex").toString() : topic;
}
