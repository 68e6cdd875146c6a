/** How long and how often a message is pushed before it rests in the inbox. */

/** A pushed delivery waits this long for evidence before it comes once more, in milliseconds. */
export const LEASE_MS = 300_000;

/** How often a session is pushed one message, by whatever paths. */
export const MAX_PUSHES = 2;

/** What is less urgent is not pushed: it rests for check_messages. */
export const LEAST_URGENCY = "normal";

/** A delivery pushed this long ago is not pushed again, whoever voided its lease; shorter than a lease. */
export const QUIET_MS = 270_000;
