/** Which clients tell their conversation, and when: by a variable of the environment at the start, or later. */
import type { Telling } from "./conversation.ts";

/** A client that tells its conversations. */
interface TellingClient {
  /** How its name in the handshake begins. */
  readonly name: string;
  /** The variable that names the conversation to the servers it starts. */
  readonly variable?: string;
  /** A tool call or a hook tells it, where the variable does not. */
  readonly later: boolean;
}

/** Programs started within a session inherit its variables: each counts for its own client only. */
const tellingClients: readonly TellingClient[] = [
  { name: "claude", variable: "CLAUDE_CODE_SESSION_ID", later: true },
  { name: "codex", later: true },
  { name: "gemini", later: true },
  { name: "copilot-cli", variable: "COPILOT_AGENT_SESSION_ID", later: false },
  { name: "qwen-cli", variable: "QWEN_CODE_SESSION_ID", later: true },
];

/** What the client of this name tells at the start, and whether it tells more later. */
export function toldAtStart(
  clientName: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly telling: Telling; readonly conversation?: string } {
  const client = tellingClients.find(({ name }) => clientName.startsWith(name));
  if (!client) return { telling: "never" };
  const conversation = client.variable === undefined ? undefined : environment[client.variable]?.trim();
  if (conversation) return { telling: "at start", conversation };
  return { telling: client.later ? "later" : "never" };
}

/**
 * OpenClaw starts an adapter for each session and each posted message, several at a time: all of them are one agent, or
 * the turn that was brought a message could not answer it.
 */
export function isSharedByAll(clientName: string): boolean {
  return clientName.startsWith("openclaw");
}
