/** `agentmesh agent card`: whether programs that speak A2A find an agent, and what they read of it. */
import { type AgentCard, type CardSkill, plainLine } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { facts, jsonText, print, remark, tell } from "../../terminal/output.ts";

/** Options of `agent card`. */
export interface CardOptions {
  readonly describe?: string;
  readonly skill?: string[];
  readonly remove?: true;
}

/** Makes a card, takes it out, or shows it. @throws CommandError, MeshApiError */
export async function card(context: Context, agent: string, options: CardOptions): Promise<void> {
  const { describe, skill = [], remove } = options;
  const admin = await context.admin();
  if (remove) {
    const reply = await admin.removeAgentCard({ agent });
    if (context.json) return print(jsonText(reply));
    const name = plainLine(agent);
    return tell(reply.removed ? `${name} is no longer shown to programs that speak A2A.` : `${name} shows no card.`);
  }
  if (describe === undefined && skill.length > 0) {
    throw usageError('--skill goes with --describe: agentmesh agent card NAME --describe "…" --skill "build: …"');
  }
  const shown =
    describe === undefined
      ? await admin.getAgentCard({ agent })
      : await admin.setAgentCard({ agent, description: describe, skills: skill.map(skillOf) });
  const url = (await admin.connection.url()) + shown.path;
  if (context.json) return print(jsonText({ ...shown, url }));
  await print(cardText(shown, url));
  if (describe === undefined) return;
  remark(`Programs are given ${url}/ and the token of an agent of their own: agentmesh agent add NAME --token`);
}

function cardText({ agent, description, skills }: AgentCard, url: string): string {
  return facts([
    ["agent", plainLine(agent.name)],
    ["is for", plainLine(description, 500)],
    ...skills.map(({ name, description }): [string, string] => ["skill", plainLine(`${name}: ${description}`, 600)]),
    ["card", `${url}/.well-known/agent-card.json`],
    ["messages", `${url} (A2A 1.0, JSON-RPC and REST)`],
  ]);
}

/** @throws CommandError */
function skillOf(text: string): CardSkill {
  const [, name = "", description = ""] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  if (name.trim() !== "" && description.trim() !== "") return { name: name.trim(), description: description.trim() };
  throw usageError(`--skill: "${plainLine(text, 80)}" is no skill. Write its name, a colon and what it does.`);
}
