/** What was seen of MCP clients (docs/clients.md), by the name that each gives in the handshake; of others nothing is known. */

/** What a client does with tool calls and their results. */
export interface KnownClient {
  /** It waits while signs of life come, or longer than any call lasts. */
  readonly isPatient: boolean;
  /** What of a result its model is shown. */
  readonly shows: "text" | "data" | "both";
}

const clients: Readonly<Record<string, KnownClient>> = {
  "@cline/core": { isPatient: false, shows: "both" },
  "claude-code": { isPatient: true, shows: "data" },
  "codex-mcp-client": { isPatient: false, shows: "data" },
  "continue-cli-client": { isPatient: false, shows: "text" },
  "copilot-cli": { isPatient: true, shows: "both" },
  "gemini-cli-mcp-client": { isPatient: true, shows: "text" },
  kilo: { isPatient: true, shows: "text" },
  opencode: { isPatient: true, shows: "text" },
  pi: { isPatient: true, shows: "text" },
  "qwen-cli-mcp-client": { isPatient: true, shows: "both" },
};

/** Clients that put the name of the server behind their own. */
const NAMING_SERVERS = ["qwen-cli-mcp-client"];

/** What is known of the client of this name. */
export function knownClient(name: string | undefined): KnownClient | undefined {
  if (name === undefined) return undefined;
  const own = NAMING_SERVERS.find((each) => name.startsWith(`${each}-`)) ?? name;
  return Object.hasOwn(clients, own) ? clients[own] : undefined;
}
