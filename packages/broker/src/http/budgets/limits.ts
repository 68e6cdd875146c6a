/** How much of the broker one connection, one caller and those without a secret may take. docs/protocol.md states each. */
import { MOST_LEVELS } from "../../json-levels.ts";

/** The limits of the HTTP side; every one ends what exceeds it and leaves all others alone. */
export const httpLimits = {
  /** Open connections in all. */
  connections: 4_096,
  /** Of these, connections that have not shown a valid token: when one more comes, the oldest is closed. */
  unprovenConnections: 512,
  /** TLS handshakes under way: when one more begins, the oldest is closed. */
  handshakes: 256,
  /** Open connections of one agent. */
  connectionsPerAgent: 256,
  /** Requests on one connection that are not answered yet. */
  pipelined: 16,
  /** Bodies of one agent that are being received. */
  bodiesPerAgent: 64,
  /** Bodies that are being received without a token: on the predecessor's wire. */
  bodiesUnproven: 64,
  /** Levels of a body's JSON, and its keys in all. */
  jsonDepth: MOST_LEVELS,
  jsonKeys: 1_000,
  /** Bytes of answers that their readers have not taken: those of one caller, and those without a token. */
  unreadPerCaller: 33_554_432,
  unreadUnproven: 4_194_304,
  /** In all. */
  unread: 268_435_456,
  /** How long a broker that stops gives to what it has taken, in milliseconds. */
  leaveMs: 3_000,
} as const;

/** Those that are settings. */
export interface HttpTerms {
  /** A request whose head or body is not complete by then is ended, in milliseconds. */
  readonly requestWithinMs: number;
  /** Wrong tokens that one address may show in a minute; 0 for any number. */
  readonly wrongTokensPerMinute: number;
}
