/** The entries by which clients connect to the broker's own `/mcp`, each as its client wants it. */

/** Where an entry goes, and what it is. */
export interface McpEntry {
  readonly file: string;
  entry(url: string, token: string): string;
}

const pretty = (value: object) => JSON.stringify(value, undefined, 2);
const headers = (token: string) => ({ Authorization: `Bearer ${token}` });
const mcpServers = (url: string, token: string) =>
  pretty({ mcpServers: { agentmesh: { type: "http", url, headers: headers(token) } } });

const usual: McpEntry = { file: "your client's configuration", entry: mcpServers };

/** As the clients took it when they were tried: `pnpm test:clients --only http`. */
const entries: Readonly<Record<string, McpEntry>> = {
  claude: { file: "~/.claude.json", entry: mcpServers },
  codex: {
    file: "~/.codex/config.toml",
    entry: (url, token) =>
      `[mcp_servers.agentmesh]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ${token}" }`,
  },
  gemini: { file: "~/.gemini/settings.json", entry: mcpServers },
  opencode: {
    file: "opencode.json of the project, or ~/.config/opencode/opencode.json",
    entry: (url, token) => pretty({ mcp: { agentmesh: { type: "remote", url, headers: headers(token) } } }),
  },
  other: usual,
};

/** The clients, and `other` for all else. */
export const mcpEntryNames: readonly string[] = Object.keys(entries);

/** The entry of a client; the usual form where it is not known. */
export function mcpEntryOf(name: string): McpEntry {
  return entries[name] ?? usual;
}
