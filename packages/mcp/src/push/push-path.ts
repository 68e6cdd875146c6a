/** What a push path is. */

/** What a push says of the messages in it. Every value is a string: Claude Code loses an event with any other. */
export interface PushMeta {
  readonly from: string;
  readonly message_id: string;
  readonly thread_id?: string;
  readonly sent_at: string;
  readonly redelivered?: "true";
}

/** One way to put a text before the model. */
export interface PushPath {
  readonly name: string;
  /** The longest text it takes whole, in bytes. */
  readonly maxBytes: number;
  /** Whether this session has the path by now. */
  known(): boolean;
  /** A text that is pushed while the model is at work comes before it in that turn, not as a turn of its own. */
  readonly withinTurn?: true;
  /** The client notes in its transcript at once what it was brought, even while the model is at work. */
  readonly tellsAtOnce?: true;
  /** Throws when it failed. Missing where the session comes for its mail, as its hooks do. */
  readonly push?: (text: string, meta: PushMeta) => Promise<void>;
}

/** Sends an MCP notification to the client. */
export type Notify = (method: string, params: Record<string, unknown>) => Promise<void>;
