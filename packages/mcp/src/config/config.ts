/** Settings from the environment: the variables of config-variables.ts, resolved once by a pure function. */
import { resolve } from "node:path";
import { StateFolderError, stateFolderPath } from "@agentmesh/client/node";
import {
  AgentName,
  loopbackHost,
  oneOf,
  plainLine,
  settingOf,
  WrongSettingError,
  wholeNumber,
} from "@agentmesh/protocol";
import type * as z from "zod";
import { nameAfter } from "../place/agent-name.ts";
import { canaryChoices, logLevels, pathNames, summaryChoices, variables } from "./config-variables.ts";

/** Which push paths are tried, in which order; `auto` is all that the client has, best first. */
export type PushChoice = "auto" | readonly (typeof pathNames)[number][];

/** Who writes the summary of an agent that has set none. */
export type SummaryChoice = (typeof summaryChoices)[number];

/** The language model that may write it: base address of an OpenAI-compatible endpoint, without a slash at its end. */
export interface ModelSettings {
  readonly url: string;
  readonly model: string;
  readonly key: string | undefined;
}

/** How much is logged. */
export type LogLevel = (typeof logLevels)[number];

/** Everything the environment decides. */
export interface Config {
  /** State folder; undefined with `homeFault`, which says what is wrong with its setting. */
  readonly home: string | undefined;
  readonly homeFault?: string;
  /** Address of the broker; undefined to look for the one of this machine. */
  readonly url: string | undefined;
  /** Name the agent was given; undefined to name it after its directory. */
  readonly name: AgentName | undefined;
  readonly push: PushChoice;
  /** Whether push paths are proven without a message, while the model is at work. */
  readonly canary: (typeof canaryChoices)[number];
  readonly summary: SummaryChoice;
  /** Set when `summary` is `llm`. */
  readonly model: ModelSettings | undefined;
  readonly logLevel: LogLevel;
  /** Inbox socket of the Claude Code session that started this process, and its token. */
  readonly claudeSocket: string | undefined;
  readonly claudeToken: string | undefined;
  /** Where Claude Code keeps its files. */
  readonly claudeHome: string | undefined;
  /** Where Codex keeps its files. */
  readonly codexHome: string | undefined;
  /** Where GitHub Copilot CLI keeps its files. */
  readonly copilotHome: string | undefined;
  /** Inbox socket of the Qwen Code session that started this process, and its token. */
  readonly qwenSocket: string | undefined;
  readonly qwenToken: string | undefined;
  /** Where Qwen Code keeps its records, and the transcripts of the session's project. */
  readonly qwenHome: string | undefined;
  readonly qwenProject: string | undefined;
  /** An idle session shows a sign of a push within this time, in milliseconds. */
  readonly signWithinMs: number;
  /** How long a tool call may wait for another agent, in milliseconds, where somebody has said so. */
  readonly longestCallMs: number | undefined;
  /** The working directory. */
  readonly directory: string;
  /** Where Claude Code says that its agent works. A program started within its session inherits that. */
  readonly claudeProject: string | undefined;
  /** The folders of the workspace as Cursor says them. */
  readonly workspaceFolders: string | undefined;
  /** All of the environment, for programs that the adapter starts. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Less than two heartbeats, so that senders learn of a broken path within that time. */
const SIGN_WITHIN_MS = 20_000;

type VariableName = (typeof variables)[number]["name"];

/** Settings, and a sentence for each value that had to be corrected. Neither prints nor throws. */
export function resolveConfig(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): { config: Config; warnings: string[] } {
  const warnings: string[] = [];
  const get = (name: VariableName) => env[name]?.trim() || undefined;

  const valueOr = <T>(fallback: T, name: VariableName, schema: z.ZodType<T>, said: string): T => {
    try {
      return settingOf(name, schema, said);
    } catch (error) {
      if (!(error instanceof WrongSettingError)) throw error;
      warnings.push(`${error.message} ${fallback ?? "The default"} is used.`);
      return fallback;
    }
  };

  const choice = <T extends string>(name: VariableName, choices: readonly T[], fallback: NoInfer<T>): T => {
    const said = get(name);
    if (said === undefined) return fallback;
    return valueOr(fallback, name, oneOf(choices), said);
  };

  const pushChoice = (): PushChoice => {
    const said = get("AGENTMESH_PUSH") ?? "auto";
    if (said === "auto") return "auto";
    if (said === "none") return [];
    const names = said.split(",").map((name) => name.trim());
    const known = names.flatMap((name) => pathNames.filter((path) => path === name));
    if (known.length === names.length) return known;
    warnings.push(
      `AGENTMESH_PUSH takes auto, none, or of ${pathNames.join(", ")} some, separated by commas, not "${plainLine(said, 80)}". auto is used.`,
    );
    return "auto";
  };

  const milliseconds = <T extends number | undefined>(name: VariableName, least: number, fallback: T): number | T => {
    const said = get(name);
    return said === undefined ? fallback : valueOr<number | T>(fallback, name, wholeNumber(least, 3_600_000), said);
  };

  const agentName = () => {
    const said = get("AGENTMESH_NAME");
    return said === undefined ? undefined : valueOr(nameAfter(said), "AGENTMESH_NAME", AgentName, said);
  };

  const model = (): ModelSettings | undefined => {
    const said = get("AGENTMESH_SUMMARY_URL");
    const url = (said ?? "https://api.openai.com/v1").replace(/\/+$/, "");
    const key = get("OPENAI_API_KEY");
    const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "", hostname: "" };
    const local = loopbackHost(hostname) !== undefined;
    const wrong =
      protocol !== "https:" && protocol !== "http:"
        ? `AGENTMESH_SUMMARY_URL is "${plainLine(url, 80)}", which is no address`
        : protocol === "http:" && !local && key !== undefined
          ? "AGENTMESH_SUMMARY_URL is not https, and OPENAI_API_KEY would cross the network in the clear"
          : said === undefined && key === undefined
            ? "AGENTMESH_SUMMARY is llm, but OPENAI_API_KEY is not set"
            : undefined;
    if (wrong === undefined) return { url, model: get("AGENTMESH_SUMMARY_MODEL") ?? "gpt-5.4-nano", key };
    warnings.push(`${wrong}: the summary is made from git on this machine.`);
    return undefined;
  };

  const claudeProject = get("CLAUDE_PROJECT_DIR");
  const summary = choice("AGENTMESH_SUMMARY", summaryChoices, "git");
  const config: Config = {
    ...stateFolder(env),
    url: get("AGENTMESH_URL"),
    name: agentName(),
    push: pushChoice(),
    canary: choice("AGENTMESH_CANARY", canaryChoices, "on"),
    summary,
    model: summary === "llm" ? model() : undefined,
    logLevel: choice("AGENTMESH_LOG_LEVEL", logLevels, "info"),
    claudeSocket: get("CLAUDE_CODE_MESSAGING_SOCKET"),
    claudeToken: get("CLAUDE_CODE_MESSAGING_TOKEN"),
    claudeHome: get("CLAUDE_CONFIG_DIR"),
    codexHome: get("CODEX_HOME"),
    copilotHome: get("COPILOT_HOME"),
    qwenSocket: get("QWEN_CODE_MESSAGING_SOCKET"),
    qwenToken: get("QWEN_CODE_MESSAGING_TOKEN"),
    qwenHome: get("QWEN_HOME"),
    qwenProject: get("QWEN_CODE_PROJECT_DIR"),
    signWithinMs: milliseconds("AGENTMESH_SIGN_MS", 100, SIGN_WITHIN_MS),
    longestCallMs: milliseconds("AGENTMESH_CALL_MS", 1_000, undefined),
    directory: resolve(cwd),
    claudeProject: claudeProject === undefined ? undefined : resolve(cwd, claudeProject),
    workspaceFolders: get("WORKSPACE_FOLDER_PATHS"),
    environment: env,
  };
  if (config.push !== "auto" && config.push[0] === "claude-inbox" && config.claudeSocket === undefined) {
    warnings.push(
      "AGENTMESH_PUSH says claude-inbox, but CLAUDE_CODE_MESSAGING_SOCKET is not set: there is no such path.",
    );
  }
  return { config, warnings };
}

function stateFolder(env: Config["environment"]): Pick<Config, "home" | "homeFault"> {
  try {
    return { home: stateFolderPath(env) };
  } catch (error) {
    if (!(error instanceof StateFolderError)) throw error;
    return { home: undefined, homeFault: error.message };
  }
}

/** The help text: what this program is, and every variable with its default. */
export function helpText(): string {
  const rows = variables.map((row) => `  ${row.name}\n      ${row.description}\n      Default: ${row.default}.`);
  return [
    "agentmesh-mcp: the MCP adapter of agentmesh. An agent's program starts it and speaks MCP over stdin and stdout.",
    "",
    '  claude mcp add --scope user agentmesh -- "$(command -v agentmesh-mcp)"',
    "",
    "  agentmesh-mcp hook claude|codex|gemini|copilot|qwen [--wait] [--home FOLDER]",
    "      is what the hooks of these programs run: it gives the session the mail that waits.",
    "",
    "Options: --help, --version. Settings come from the environment:",
    "",
    ...rows,
  ].join("\n");
}
