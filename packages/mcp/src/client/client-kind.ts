/** Which agent program the client is, by the name it gives in the handshake. */

/** The programs whose sessions can be reached by more than the tool check_messages. */
export const clientKinds = ["claude", "codex", "gemini", "copilot", "qwen"] as const;

/** One of them. */
export type ClientKind = (typeof clientKinds)[number];

/**
 * The program behind `clientName`: `claude-code`, `codex-mcp-client`, `gemini-cli-mcp-client`, `copilot-cli`,
 * `qwen-cli-mcp-client-agentmesh`.
 */
export function clientKind(clientName: string | undefined): ClientKind | undefined {
  return clientKinds.find((kind) => clientName?.startsWith(kind));
}
