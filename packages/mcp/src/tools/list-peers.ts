/** Tool list_peers: who is in the mesh. */
import { livingNamesakes, type Near } from "@agentmesh/protocol";
import * as z from "zod";
import type { JoinedSession } from "../join.ts";
import { ToolInputError } from "../shown/remedy.ts";
import { agentData, agentLine } from "./agent-row.ts";
import { tool } from "./tool.ts";

const LIMIT = 50;

const Input = z.strictObject({
  scope: z.enum(["mesh", "machine", "directory", "repo"]).default("mesh").meta({
    description: "who: all; those on your machine; in your directory there; in your git repository on any machine",
  }),
  include_offline: z
    .boolean()
    .default(false)
    .meta({ description: "also those without a live session and without a webhook that works" }),
});

/** Lists agents, the caller first. */
export const listPeers = tool({
  name: "list_peers",
  description:
    "List the agents you can write to: name, presence, client, directory, repository, what they say they work on, and how a message reaches them.",
  annotations: { title: "List agents", readOnlyHint: true, openWorldHint: false },
  input: Input,
  async run(session, { scope, include_offline }, signal) {
    const [{ agents, total }, me] = await Promise.all([
      session.client.listAgents(
        { presence: include_offline ? "all" : "reachable", limit: LIMIT, ...within(session, scope) },
        { signal },
      ),
      session.client.getAgent({ agent: "me" }, { signal }),
    ]);
    const others = agents.filter((agent) => agent.id !== me.id);
    const rows = [me, ...others];
    const more = Math.max(0, total - agents.length);
    const notes = livingNamesakes(others);
    const head =
      others.length === 0
        ? `Nobody else is here${include_offline ? "" : " now"}.`
        : `${others.length} other${others.length === 1 ? "" : "s"}.`;
    return {
      text: [
        head,
        ...rows.map((agent) => `- ${agentLine(agent, agent.id === me.id, me.host)}`),
        ...notes.map((sentence) => `Note: ${sentence}`),
        ...(more > 0 ? [`${more} more are not shown: narrow the scope.`] : []),
      ].join("\n"),
      data: {
        agents: rows.map((agent) => agentData(agent, agent.id === me.id, me.host)),
        ...(notes.length > 0 && { notes }),
        ...(more > 0 && { not_shown: more }),
      },
    };
  },
});

function within({ place }: JoinedSession, scope: z.output<typeof Input>["scope"]): { near?: Near } {
  if (scope === "mesh") return {};
  if (scope !== "repo" || place.repo !== undefined) return { near: scope };
  throw new ToolInputError(
    `list_peers: ${place.directory} is not in a git repository; use scope "directory", "machine" or "mesh".`,
  );
}
