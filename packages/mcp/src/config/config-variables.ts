/** The variables of the environment that decide something: name, default, what each is for. */

/** What AGENTMESH_SUMMARY takes. */
export const summaryChoices = ["git", "llm", "none"] as const;
/** What AGENTMESH_PUSH takes, in any order. */
export const pathNames = [
  "claude-inbox",
  "claude-channel",
  "claude-hooks",
  "codex-queue",
  "codex-hooks",
  "gemini-hooks",
  "copilot-extension",
  "copilot-hooks",
  "qwen-inbox",
  "qwen-hooks",
] as const;
/** What AGENTMESH_CANARY takes. */
export const canaryChoices = ["on", "off"] as const;
/** What AGENTMESH_LOG_LEVEL takes. */
export const logLevels = ["error", "warn", "info", "debug"] as const;

/** The variables, in the order of the help text. */
export const variables = [
  { name: "AGENTMESH_HOME", default: "~/.agentmesh", description: "State folder: mesh key, database, identities." },
  {
    name: "AGENTMESH_URL",
    default: "the running broker's, else http://127.0.0.1:7899",
    description:
      "Address of the broker, or of several brokers of one mesh with commas between: the next one is taken when one fails. One that is not this machine's loopback, or one of several, is never started by the adapter.",
  },
  {
    name: "AGENTMESH_PORT",
    default: "7899, or another when that is taken",
    description:
      "Port of this machine's broker, for when none is running yet. One that is named and taken is an error.",
  },
  {
    name: "AGENTMESH_NAME",
    default: "after the git repository or directory",
    description: "Name of the agent. Sessions with the same name and client resume the same agent, wherever they run.",
  },
  {
    name: "AGENTMESH_PUSH",
    default: "auto",
    description: `How messages come into the session: auto, none, or push paths in the order of trying: ${pathNames.join(", ")}.`,
  },
  {
    name: "AGENTMESH_SIGN_MS",
    default: "20000",
    description:
      "A push path that shows no sign of a push within this time counts as failing, in milliseconds; a session at work has longer.",
  },
  {
    name: "AGENTMESH_CALL_MS",
    default: "50000, or as long as asked for where the client is known to wait",
    description:
      "How long a tool call may wait for an answer of another agent, in milliseconds: less than the client's own limit for a call.",
  },
  {
    name: "AGENTMESH_CANARY",
    default: "on",
    description:
      "Whether a line is put before the model, once a session and while it is at work, to prove that messages reach it: on, off.",
  },
  {
    name: "AGENTMESH_SUMMARY",
    default: "git",
    description: `Who says what the agent works on until it does so itself: ${summaryChoices.join(", ")}. llm sends branch, commit subjects and file names to a language model, never what is in files.`,
  },
  {
    name: "AGENTMESH_SUMMARY_URL",
    default: "https://api.openai.com/v1",
    description: "For llm: base address of any OpenAI-compatible endpoint.",
  },
  { name: "AGENTMESH_SUMMARY_MODEL", default: "gpt-5.4-nano", description: "For llm: the model." },
  {
    name: "OPENAI_API_KEY",
    default: "none",
    description: "For llm: the key for that endpoint. By itself it switches nothing on.",
  },
  { name: "AGENTMESH_LOG_LEVEL", default: "info", description: `Log on stderr: ${logLevels.join(", ")}.` },
  {
    name: "CLAUDE_CODE_MESSAGING_SOCKET",
    default: "set by Claude Code",
    description: "Inbox socket of the session, for the push path claude-inbox.",
  },
  {
    name: "CLAUDE_CODE_MESSAGING_TOKEN",
    default: "set by Claude Code",
    description: "Token for that socket.",
  },
  {
    name: "CLAUDE_CODE_SESSION_ID",
    default: "set by Claude Code",
    description: "The conversation: whose agent this is, and whose transcript shows what its model was shown.",
  },
  { name: "CLAUDE_CONFIG_DIR", default: "~/.claude", description: "Where Claude Code keeps its transcripts." },
  { name: "COPILOT_HOME", default: "~/.copilot", description: "Where GitHub Copilot CLI keeps its sessions." },
  {
    name: "COPILOT_AGENT_SESSION_ID",
    default: "set by GitHub Copilot CLI",
    description: "The conversation: whose agent this is, and which extension takes its texts.",
  },
  {
    name: "QWEN_CODE_MESSAGING_SOCKET",
    default: "set by Qwen Code",
    description: "Inbox socket of the session, for the push path qwen-inbox.",
  },
  {
    name: "QWEN_CODE_MESSAGING_TOKEN",
    default: "set by Qwen Code",
    description: "Token for that socket: that of the programs which the session starts.",
  },
  {
    name: "QWEN_CODE_SESSION_ID",
    default: "set by Qwen Code",
    description: "The conversation that the session began with.",
  },
  {
    name: "QWEN_CODE_PROJECT_DIR",
    default: "set by Qwen Code",
    description: "Where Qwen Code keeps the transcripts of the project.",
  },
  { name: "QWEN_HOME", default: "~/.qwen", description: "Where Qwen Code keeps the records of running sessions." },
  { name: "CODEX_HOME", default: "as Codex has it", description: "Where Codex keeps its queue and its transcripts." },
  {
    name: "CLAUDE_PROJECT_DIR",
    default: "the working directory",
    description: "Directory the agent works in, set by Claude Code.",
  },
  {
    name: "WORKSPACE_FOLDER_PATHS",
    default: "set by Cursor",
    description: "Folders of the workspace, where the client offers no MCP roots.",
  },
] as const;
