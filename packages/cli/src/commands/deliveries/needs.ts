/** `agentmesh needs`: what waits for a person, the worst first, each with the command that ends it. */
import type { Need } from "@agentmesh/protocol";
import { needsCounted, plainLine } from "@agentmesh/protocol";
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
  const asked = { limit: Math.min(limit, MOST_AT_ONCE), ...(agent !== undefined && { agent }) };
  const found: Need[] = [];
  let counts: Readonly<Record<string, number>> = {};
  for await (const page of admin.pages("listNeeds", asked)) {
    ({ counts } = page);
    found.push(...page.needs.slice(0, limit - found.length));
    if (found.length === limit) break;
  }
  if (context.json) return print(jsonText({ needs: found, counts }));
  if (found.length === 0)
    return tell(agent === undefined ? "Nothing waits for you." : `Nothing of ${plainLine(agent)} waits for you.`);
  await print(found.map(lines).join("\n"));
  const { count, text } = needsCounted(counts);
  const more = count - found.length;
  if (more > 0) remark(`${more}${text.endsWith("+") ? "+" : ""} more are not shown: see more with --limit`);
  await tellPage(context, "needs");
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
