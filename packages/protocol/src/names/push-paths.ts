/** Push paths that the mesh itself knows by name. */

/** The push path of an agent's webhook, which needs no session. */
export const WEBHOOK_PATH = "webhook";

/** The push path of a session that reads its stream itself; an answer to what comes through it proves it, or an ack of that by other evidence than `read`. */
export const STREAM_PATH = "stream";
