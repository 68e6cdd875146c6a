/** Rows of topics as an engine returns them. */

/** A topic that was published on. */
export interface TopicRow {
  readonly name: string;
  readonly messages: number;
  readonly last: number;
}

/** A topic, by its newest message. */
export interface RecentTopicRow {
  readonly name: string;
  readonly newest: number;
}
