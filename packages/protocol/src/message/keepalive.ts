/** What a stream says when there is nothing to say. */

/** How often a broker writes `keepalive` when nothing else is written, in milliseconds. */
export const KEEPALIVE_MS = 15_000;
