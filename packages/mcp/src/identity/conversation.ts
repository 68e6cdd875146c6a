/** What a client tells of the conversation that a session belongs to. */

/**
 * Why a conversation began or goes on, as the client's hook says: a new one; an earlier one, resumed; a copy of an
 * earlier one; a new one in place of the one before (/clear); the same one, shortened.
 */
export const conversationSources = ["startup", "resume", "fork", "clear", "compact"] as const;

/** One of them. */
export type ConversationSource = (typeof conversationSources)[number];

/**
 * When a client says which conversation it is: before the session is joined, at some moment of it (a tool call, a hook,
 * a prompt), or never.
 */
export type Telling = "at start" | "later" | "never";
