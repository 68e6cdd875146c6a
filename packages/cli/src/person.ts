/** The person whose token the command line uses: registered as one, and told from a model that runs a command in its shell. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import type { Agent, EndpointInput, endpoints, RegisterReply } from "@agentmesh/protocol";

/** Registers an agent whose token is a person's; a broker of an earlier version knows no such thing. */
export async function registerPerson(
  registrar: MeshClient,
  said: EndpointInput<(typeof endpoints)["register"]>,
): Promise<RegisterReply> {
  try {
    return await registrar.register({ ...said, person: true });
  } catch (error) {
    if (error instanceof MeshApiError && error.code === "invalid_request") return registrar.register(said);
    throw error;
  }
}

/** The agent that somebody at the command line acts as, known as a person's: an earlier version registered it by its client's name alone. */
export async function asPerson(registrar: MeshClient, client: string, agent: Agent, token: string): Promise<Agent> {
  if (agent.person || agent.client !== client) return agent;
  const { name, host } = agent;
  return (await registerPerson(registrar, { name, token, client, ...(host !== undefined && { host }) })).agent;
}

/** What clients set for the programs that they start; Cline's is what its hub needs, and is handed down to every command (3.0.65). */
const SET_BY_CLIENTS = [
  "AI_AGENT",
  "CLAUDECODE",
  "CLAUDE_CODE_SESSION_ID",
  "CLINE_CONNECTOR_CLI_LAUNCH",
  "CODEX_SANDBOX",
  "CODEX_THREAD_ID",
  "COPILOT_AGENT_SESSION_ID",
  "CURSOR_AGENT",
  "GEMINI_CLI",
  "KILO",
  "OPENCODE",
  "PI_CODING_AGENT",
  "QWEN_CODE",
  "QWEN_CODE_SESSION_ID",
];

/** Whether a coding client has started this; what a person runs through one counts as well. */
export function isRunByModel(env: NodeJS.ProcessEnv): boolean {
  return SET_BY_CLIENTS.some((name) => (env[name] ?? "") !== "");
}
