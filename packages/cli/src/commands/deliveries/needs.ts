/** `agentmesh needs`: what waits for a person, the worst first, each with the command that ends it. */
import type { MeshClient } from "@agentmesh/client";
import { type Need, NeedKind, needsCounted, plainLine } from "@agentmesh/protocol";
import { eachOf } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { kindOf, needPreview, needSentence } from "../../need-words.ts";
import { tellPage } from "../../page-link.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print, remark, style, tell, terminalWidth } from "../../terminal/output.ts";
import { cut, pad } from "../../terminal/text-width.ts";

const KIND_WIDTH = 11;
const AGE_WIDTH = 4;
/** Needs in one answer of the broker. */
const MOST_AT_ONCE = 300;
const LONGEST_COMMAND = 2_000;

/** Lists needs, of the mesh or of one agent. @throws MeshApiError, BrokerUnreachableError */
export async function needs(
  context: Context,
  agent: string | undefined,
  { limit }: { readonly limit: number },
): Promise<void> {
  const admin = await context.admin();
  const { needs: found, counts } = await needsOf(admin, await eachOf(context, admin, agent), limit);
  if (context.json) return print(jsonText({ needs: found, counts }));
  if (found.length === 0)
    return tell(agent === undefined ? "Nothing waits for you." : `Nothing of ${plainLine(agent)} waits for you.`);
  await print(found.map(lines).join("\n"));
  const { count, text } = needsCounted(counts);
  const more = count - found.length;
  if (more > 0) remark(`${more}${text.endsWith("+") ? "+" : ""} more are not shown: see more with --limit`);
  await tellPage(context, "needs");
}

/** So many of the worst, and how many there are of each kind. */
async function needsOf(admin: MeshClient, agents: readonly { readonly agent?: string }[], limit: number) {
  const found = new Map<string, Need>();
  const counts: Record<string, number> = {};
  for (const agent of agents) {
    let first = true;
    let left = limit;
    for await (const page of admin.pages("listNeeds", { ...agent, limit: Math.min(limit, MOST_AT_ONCE) })) {
      if (first) for (const [kind, count] of Object.entries(page.counts)) counts[kind] = (counts[kind] ?? 0) + count;
      first = false;
      const some = page.needs.slice(0, left);
      for (const need of some) {
        // Of two that are looked at, one waits for the other: it is one need.
        if (found.has(need.key)) counts[need.kind] = (counts[need.kind] ?? 1) - 1;
        found.set(need.key, need);
      }
      left -= some.length;
      if (left <= 0) break;
    }
  }
  const needs = [...found.values()];
  if (agents.length > 1) needs.sort((a, b) => rankOf(a) - rankOf(b) || (a.since < b.since ? -1 : 1));
  return { needs: needs.slice(0, limit), counts };
}

/** The worst kinds first; what a later version knows, last. */
function rankOf({ kind }: Need): number {
  const kinds: readonly string[] = NeedKind.options;
  const rank = kinds.indexOf(kind);
  return rank < 0 ? kinds.length : rank;
}

function lines(need: Need): string {
  const { text, style: look } = kindOf(need);
  const head = `${style(look, pad(text, KIND_WIDTH))}  ${pad(since(need.since), AGE_WIDTH)}  `;
  const room = terminalWidth() - KIND_WIDTH - AGE_WIDTH - 4;
  const said = [needSentence(need), needPreview(need)].filter((each) => each !== "").join(": ");
  // Whole, however narrow the terminal is: a part of one is no command.
  const commands = need.remedies.map(({ command }) => `    ${style("dim", plainLine(command, LONGEST_COMMAND))}`);
  return [head + cut(said, room), ...commands].join("\n");
}
