/** The part of the Store port that looks at what everybody has stored: along an index, a page at a time. */

import type {
  AgentId,
  AnsweredQuestion,
  Message,
  MessageId,
  MessageStatus,
  SessionId,
  Subscription,
  Topic,
} from "@agentmesh/protocol";
import type { AgentRecord, Viewer } from "../records/index.ts";

/** Which deliveries of a message: all, or the one that an agent has of it; behind a cursor. */
export interface TracePage {
  readonly viewer: Viewer;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Some deliveries of a message with the newest of what happened to each. */
export type TracePart = Pick<MessageStatus, "deliveries" | "nextAfter">;

/** Behind which subscription a page begins; undefined for the first. */
export type SubscriptionPlace = { readonly agentId: AgentId; readonly pattern: string } | undefined;

/** Behind which agent a page begins, by name or by registration. */
export type AgentPlace = Pick<AgentRecord, "id" | "name" | "registeredAt">;

/** A session of an agent, and how long ago it was renewed. */
export interface SessionAge {
  readonly id: SessionId;
  readonly agentId: AgentId;
  readonly heartbeatAgeMs: number;
}

/** An answer that came to the sender of a message. */
export interface GivenAnswer {
  readonly by: AgentId;
  readonly messageId: MessageId;
  readonly acceptedAt: string;
  readonly preview: string;
}

/** Reads that stay short however much is stored. */
export interface Looks {
  /** Names of agents that are there: the nearest to a text in the order of names, and those with a word that begins so. */
  namesAround(text: string, limit: number): Promise<string[]>;
  /** Which of these names an agent has that is there. */
  namesAmong(names: readonly string[]): Promise<string[]>;
  /** Agents that are there, or those in the archive, in the order of their names. */
  agentsByName(
    archived: boolean,
    after: Pick<AgentPlace, "id" | "name"> | undefined,
    limit: number,
  ): Promise<AgentRecord[]>;
  /** Agents that are there and have one of these names, and up to `limit` that asked for the first and were given another. */
  namesakes(names: readonly string[], limit: number): Promise<AgentRecord[]>;
  /** Agents that are there in the order of their registration. */
  agentsByAge(after: AgentPlace | undefined, limit: number): Promise<AgentRecord[]>;
  /** Sessions in the order of their ids, behind one of them. */
  sessionsAfter(after: SessionId | undefined, limit: number): Promise<SessionAge[]>;
  /** Topics that were published on, by name, behind one of them. */
  topicsAfter(after: string, limit: number): Promise<Omit<Topic, "subscribers">[]>;
  /** Agents, archived ones left out, that are subscribed to a topic or to a pattern that means it. */
  countSubscribers(topic: string): Promise<number>;
  /** Subscriptions of an agent by pattern, or of all, those of the oldest agent first. */
  listSubscriptions(owner: Viewer, after: SubscriptionPlace, limit: number): Promise<Subscription[]>;
  findMessage(messageId: MessageId): Promise<Message | undefined>;
  /** A message with the first of its deliveries. */
  messageStatus(messageId: MessageId): Promise<MessageStatus | undefined>;
  /** More of its deliveries. @throws MeshError cursor_invalid */
  traceMessage(messageId: MessageId, page: TracePage): Promise<TracePart>;
  /** What its recipients answered its sender, the first first, as far as it follows in the same thread. */
  answersTo(messageId: MessageId): Promise<GivenAnswer[]>;
  /** What a message answers, if the viewer sent or got that. */
  questionOf(message: Pick<Message, "kind" | "inReplyTo">, viewer: Viewer): Promise<AnsweredQuestion | undefined>;
}
