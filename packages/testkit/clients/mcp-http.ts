/** Clients that are given the broker's own `/mcp` by its URL and a token, and no process: tools, mail that they read, a broker that restarts. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import { claude } from "./claude.ts";
import type { Client, Site } from "./client.ts";
import { codex } from "./codex.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";

const TURN_WITHIN_MS = 90_000;

/** What a client's user writes into its configuration, and one prompt with all that comes of it. */
interface ByUrl {
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

const rows: readonly ByUrl[] = [
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
    const step = async (name: string, act: () => Promise<string>) => {
      try {
        tell({ step: name, ok: true, detail: await act() });
      } catch (error) {
        tell({ step: name, ok: false, detail: error instanceof Error ? error.message : String(error) });
      }
    };
    const turn = (text: string) =>
      sandbox.run(program, [...args, ...(byWords ? text.split(" ") : [text])], { withinMs: TURN_WITHIN_MS });
    const person = await broker.agent("person");
    const own = await broker.agent("by-url");
    const state = async (message: string) => (await own.client.getMessage({ message })).deliveries[0];
    /** A message to the client is shown to its model when it looks, and acked by that. */
    const reads = async (body: string) => {
      const { messageId } = await person.client.send({ to: "by-url", body });
      const since = performance.now();
      await turn("CALL:check_messages {}");
      if (!model.shown(body, since)) throw new Error("the model was not shown the message");
      await until(async () => (await state(messageId))?.state === "acked", "the ack", 10_000);
      return "check_messages showed the model the message, which is acked";
    };
    await step("configured", async () => {
      mkdirSync(sandbox.home, { recursive: true });
      await client.prepare(site);
      give(site, `${broker.url}/mcp`, own.token);
      return "URL and token, by hand";
    });
    await step("calls tools", async () => {
      await turn('CALL:send_message {"to":"person","message":"hello by URL"}');
      const [came] = (await person.client.lease()).deliveries;
      if (came?.message.body !== "hello by URL") throw new Error("the broker has no message of the client");
      return `the broker has a message of ${came.message.from.name}`;
    });
    await step("reads", () => reads("what waits is read by URL"));
    await step("restart", async () => {
      await broker.kill("SIGTERM");
      await broker.start();
      return reads("and so after a restart of the broker");
    });
    await sandbox.end();
  },
}));
