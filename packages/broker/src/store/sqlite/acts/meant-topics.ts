/** The topics that a pattern means: looked for in pieces before the act that needs them, and brought up to date in it. */
import { MAX_TOPICS_PER_PATTERN, TopicName, topicMatches } from "@agentmesh/protocol";
import { BEHIND_ALL } from "../../shared/rows/cursor.ts";
import type { RecentTopicRow } from "../../shared/rows/topics.ts";
import type { Engine } from "../engine.ts";

/** Topics that one piece looks at. */
const PIECE = 1_000;

/** Topics as they were at a position of the messages. */
export interface MeantTopics {
  readonly topics: readonly RecentTopicRow[];
  readonly seenUpTo: number;
}

/**
 * Those with the newest messages, as many as a new subscriber gets messages of; between pieces others have their turn. At
 * once when there is one piece: acts that are asked for one after the other are done in that order.
 */
export function lookForTopics(
  { topicPages }: Pick<Engine, "topicPages">,
  pattern: string,
): MeantTopics | Promise<MeantTopics> {
  if (TopicName.safeParse(pattern).success) {
    return { topics: [{ name: pattern, newest: BEHIND_ALL }], seenUpTo: BEHIND_ALL };
  }
  const topics: RecentTopicRow[] = [];
  const piece = (before: number) => {
    const recent = topicPages.recent(before, PIECE);
    topics.push(...recent.filter(({ name }) => topicMatches(pattern, name)));
    const isLast = recent.length < PIECE || topics.length >= MAX_TOPICS_PER_PATTERN;
    return { first: recent[0]?.newest ?? 0, edge: isLast ? undefined : recent.at(-1)?.newest };
  };
  const { first: seenUpTo, edge: begin } = piece(BEHIND_ALL);
  if (begin === undefined) return { topics, seenUpTo };
  return (async () => {
    for (let edge: number | undefined = begin; edge !== undefined; edge = piece(edge).edge) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { topics, seenUpTo };
  })();
}

/** Topics of a pattern with something published behind a message, the one with the oldest such news first. */
export function topicsSince(
  { topicPages }: Pick<Engine, "topicPages">,
  pattern: string,
  after: number,
): readonly RecentTopicRow[] {
  return topicPages.since(after, PIECE).filter(({ name }) => topicMatches(pattern, name));
}

/** The key of the message that was published last. */
export function newestPublished({ topicPages }: Pick<Engine, "topicPages">): number {
  return topicPages.recent(BEHIND_ALL, 1)[0]?.newest ?? 0;
}

/** The same topics at this moment, the one with the newest message first. */
export function topicsNow(
  engine: Pick<Engine, "topicPages">,
  pattern: string,
  { topics, seenUpTo }: MeantTopics,
): readonly RecentTopicRow[] {
  const news = topicsSince(engine, pattern, seenUpTo);
  const known = new Set(news.map(({ name }) => name));
  return [...news.toReversed(), ...topics.filter(({ name }) => !known.has(name))].slice(0, MAX_TOPICS_PER_PATTERN);
}
