/** `agentmesh mcp-url`: an agent with a token, and the entry by which a client connects to the broker's own `/mcp`. */
import { AgentName, inWords } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { jsonText, print, remark } from "../../terminal/output.ts";

/** Options of `mcp-url`. */
export interface McpUrlOptions {
  /** One that the program declares. */
  readonly for: string;
}

interface Place {
  readonly file: string;
  entry(url: string, token: string): string;
}

const pretty = (value: object) => JSON.stringify(value, undefined, 2);
const headers = (token: string) => ({ Authorization: `Bearer ${token}` });
const mcpServers = (url: string, token: string) =>
  pretty({ mcpServers: { agentmesh: { type: "http", url, headers: headers(token) } } });

const other: Place = { file: "your client's configuration", entry: mcpServers };
/** As the clients took it when they were tried: `pnpm test:clients --only http`. */
const places: Readonly<Record<string, Place>> = {
  claude: { file: "~/.claude.json", entry: mcpServers },
  gemini: { file: "~/.gemini/settings.json", entry: mcpServers },
  codex: {
    file: "~/.codex/config.toml",
    entry: (url, token) =>
      `[mcp_servers.agentmesh]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ${token}" }`,
  },
  opencode: {
    file: "opencode.json of the project, or ~/.config/opencode/opencode.json",
    entry: (url, token) => pretty({ mcp: { agentmesh: { type: "remote", url, headers: headers(token) } } }),
  },
};

/** Makes the agent, or finds the one of this name that the command line made, and prints the entry. @throws CommandError, MeshApiError */
export async function mcpUrl(context: Context, text: string, options: McpUrlOptions): Promise<void> {
  const name = AgentName.safeParse(text, inWords);
  if (!name.success) throw usageError(`"${text}" cannot be an agent's name: ${name.error.issues[0]?.message}.`);
  // Who calls by it is a client, and no person.
  const { agent, token } = await context.make(name.data, undefined);
  const url = `${await (await context.admin()).connection.url()}/mcp`;
  if (context.json) return print(jsonText({ agent, url, token }));
  const { file, entry } = places[options.for] ?? other;
  await print(entry(url, token));
  remark(`It goes into ${file}. Whoever reads the token acts as ${agent.name}: keep the file to yourself.`);
  if (!url.startsWith("https:")) return;
  remark("The client has to trust the broker's own certificate authority, which is in the state folder.");
}
