/** Clients that are given the broker's own `/mcp` by its URL and a token, and no process: tools, mail that they read, a broker that restarts. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { proveByUrl } from "./by-url.ts";
import { claude } from "./claude.ts";
import type { Client, Site } from "./client.ts";
import { codex } from "./codex.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import { Steps } from "./steps.ts";

const TURN_WITHIN_MS = 90_000;

/** What a client's user writes into its configuration, and one prompt with all that comes of it. */
interface GivenByUrl {
  readonly client: Client;
  give(site: Site, url: string, token: string): void;
  readonly program: string;
  readonly args: readonly string[];
  /** It puts a prompt with blanks in quotes, and its model is shown them: the words are given one by one. */
  readonly byWords?: true;
}

const authorization = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Adds to a JSON file that the client's own preparation has made. */
function into(path: string, more: object): void {
  const before: unknown = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...(typeof before === "object" ? before : {}), ...more }));
}

const rows: readonly GivenByUrl[] = [
  {
    client: claude,
    give: ({ sandbox }, url, token) =>
      into(join(sandbox.home, ".claude.json"), {
        mcpServers: { agentmesh: { type: "http", url, headers: authorization(token) } },
      }),
    program: "claude",
    args: ["--allowedTools", "mcp__agentmesh", "-p"],
  },
  {
    client: codex,
    give: ({ sandbox }, url, token) =>
      appendFileSync(
        join(sandbox.home, ".codex", "config.toml"),
        `\n[mcp_servers.agentmesh]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ${token}" }\n`,
      ),
    program: "codex",
    args: ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"],
  },
  {
    client: gemini,
    give: ({ sandbox }, url, token) =>
      into(join(sandbox.home, ".gemini", "settings.json"), {
        mcpServers: { agentmesh: { type: "http", url, headers: authorization(token) } },
      }),
    program: "gemini",
    args: ["--yolo", "-p"],
  },
  {
    client: opencode,
    give: ({ sandbox }, url, token) =>
      into(join(sandbox.project, "opencode.json"), {
        mcp: { agentmesh: { type: "remote", url, headers: authorization(token) } },
      }),
    program: "opencode",
    args: ["run"],
    byWords: true,
  },
];

/** The rows of the table. */
export const mcpHttp: readonly Client[] = rows.map(({ client, give, program, args, byWords }) => ({
  name: `http-${client.name}`,
  setupName: client.setupName,
  packageName: client.packageName,
  ...(client.version !== undefined && { version: client.version }),
  installedAs: client.name,
  dialect: client.dialect,
  whenIdle: "with the next prompt",
  prepare: client.prepare,
  start: client.start,
  async prove(site, _configure, tell) {
    const { broker, sandbox, model } = site;
    const steps = new Steps(tell);
    const turn = (text: string) =>
      sandbox.run(program, [...args, ...(byWords ? text.split(" ") : [text])], { withinMs: TURN_WITHIN_MS });
    const person = await broker.agent("person");
    const own = await broker.agent("by-url");
    await steps.step("configured", async () => {
      mkdirSync(sandbox.home, { recursive: true });
      await client.prepare(site);
      give(site, `${broker.url}/mcp`, own.token);
      return "URL and token, by hand";
    });
    await proveByUrl(
      site,
      steps,
      { person, own },
      {
        calls: () => turn('CALL:send_message {"to":"person","message":"hello by URL"}'),
        looks: async (text) => {
          const since = performance.now();
          await turn("CALL:check_messages {}");
          if (!model.shown(text, since)) throw new Error("the model was not shown the message");
          return "check_messages showed the model the message";
        },
      },
    );
  },
}));
