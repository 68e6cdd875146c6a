/** Where the page shows what a command has shown: an address without any secret, for a person at a terminal of this machine. */
import { directFetch } from "@agentmesh/client";
import type { Context } from "./context.ts";
import { columnsOf, remark } from "./terminal/output.ts";

/** Nobody waits for it. */
const LOOK_MS = 1_000;

/**
 * Names the page's address of something, as `message/msg_…`: on a terminal with room for it, where the broker is this machine's
 * and serves a page, and the browser is here, too.
 */
export async function tellPage(context: Context, view: string): Promise<void> {
  const { url, local, joined } = context.address();
  const isHere = local && !joined && (context.env.SSH_CONNECTION ?? "") === "";
  if (context.json || !process.stdout.isTTY || !isHere) return;
  const said = `At the page: ${url}/ui/${view.split("/").map(encodeURIComponent).join("/")}`;
  if (said.length > columnsOf(process.stderr)) return;
  const answer = await directFetch(`${url}/ui`, { signal: AbortSignal.timeout(LOOK_MS) }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer?.ok) remark(said);
}
