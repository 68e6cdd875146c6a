/** The port of a webhook: a sink that answers, so that its 2xx is the ack. */
import type {
  A2aOptions,
  DeliveryId,
  LeasedDelivery,
  OpenClawOptions,
  Party,
  WebhookDialect,
} from "@agentmesh/protocol";

/** Where and how to post. */
export interface PostTerms {
  readonly to: Party;
  readonly url: string;
  readonly dialect: WebhookDialect;
  readonly maxInFlight: number;
  readonly openclaw?: OpenClawOptions | undefined;
  /** By what the broker is let in now, where A2A is spoken. */
  readonly a2a?: () => A2aOptions | undefined;
  /** Secrets that sign now, the newest first. */
  readonly secrets: () => readonly string[];
}

/** What came of a post. `why` is for every sender's eyes: it names no address. */
export type PostOutcome =
  | {
      readonly kind: "taken";
      readonly status: number;
      /** What it said to the message, in a dialect in which answers come so. */
      readonly answer?: string;
      /** It is at work on it, as this task. */
      readonly task?: string;
    }
  | { readonly kind: "failed"; readonly why: string; readonly status?: number }
  /** The receiver asked for time. */
  | { readonly kind: "busy"; readonly why: string; readonly status: number; readonly restMs: number }
  /** The receiver wants no more posts. */
  | { readonly kind: "gone"; readonly why: string; readonly status: number };

/** One webhook with its own connections. Posts are bounded in time and never reject. */
export interface WebhookSink {
  post(delivery: LeasedDelivery): Promise<PostOutcome>;
  /** Posts a test event. */
  test(): Promise<PostOutcome>;
  /**
   * Asks for a task until it is over, for what it says then; undefined when that is nothing, or it takes longer. It is asked for once
   * at least. Never rejects, and ends with the sink.
   */
  follow(delivery: DeliveryId, task: string, forMs: number): Promise<string | undefined>;
  /** Ends what is under way. */
  close(): void;
}

/** Makes webhooks' sinks, and says which URLs they may have. */
export interface WebhookSinks {
  /** Longest time that a post in this dialect takes, in milliseconds. */
  timeoutMs(dialect: WebhookDialect): number;
  /** @throws MeshError webhook_url_forbidden: what is refused, and what allows it */
  vet(url: string): Promise<void>;
  open(terms: PostTerms): WebhookSink;
}
