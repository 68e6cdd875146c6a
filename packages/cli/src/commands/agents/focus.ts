/** `agentmesh focus`: an agent that is not to be disturbed for a while. */
import { plainLine } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { focusText, recipientText } from "../../describe.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";

/** Options of `focus`. */
export interface FocusOptions {
  readonly for?: number;
  readonly allow?: "interrupt" | "nothing";
  readonly reason?: string;
  readonly end?: true;
}

/** Begins or ends a focus, or shows it. @throws MeshApiError, CommandError */
export async function focus(context: Context, agent: string, options: FocusOptions): Promise<void> {
  const { for: forMs, allow, reason, end } = options;
  const begins = forMs !== undefined || allow !== undefined || reason !== undefined;
  if (begins && end) throw usageError("--end goes alone: it ends the focus that there is.");
  const admin = await context.admin();
  const found = begins
    ? await admin.setFocus({
        agent,
        ...(forMs !== undefined && { forMs }),
        ...(allow !== undefined && { allows: allow }),
        ...(reason !== undefined && { reason }),
      })
    : end
      ? await admin.endFocus({ agent })
      : await admin.getAgent({ agent });
  if (context.json) return print(jsonText(found));
  const name = plainLine(found.name);
  await tell(
    found.focus ? `${name} is ${focusText(found.focus)}.` : `${name} is not in focus (${recipientText(found)}).`,
  );
}
