/** Versions a broker and its clients compare. */

/** Wire protocol version, sent as the header `agentmesh-protocol` by both sides; within one version only additions happen. */
export const PROTOCOL_VERSION = 1;

/** Name of the header that carries {@link PROTOCOL_VERSION}. */
export const PROTOCOL_HEADER = "agentmesh-protocol";

/** Release version of all published packages; they move together. */
export const VERSION = "0.1.0";
