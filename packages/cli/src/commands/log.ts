/** `agentmesh log`: what happened to messages, as far back as asked, and from then on. */
import type { MeshClient } from "@agentmesh/client";
import type { MessageRef, MessageStatus } from "@agentmesh/protocol";
import { CommandError, usageError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { jsonText, print, remark } from "../output.ts";
import { messageText } from "../timeline.ts";
import { follow } from "./follow-log.ts";
import { logPrinter } from "./log-line.ts";
import { messageRefOf } from "./send.ts";

/** Options of `log`. */
export interface LogOptions {
  readonly follow?: true;
  readonly agent?: string;
  readonly message?: string;
  readonly limit: number;
}

/** Prints the newest entries, oldest first, and with `--follow` those to come. @throws CommandError, MeshApiError */
export async function log(context: Context, options: LogOptions): Promise<void> {
  if (options.message !== undefined) {
    if (options.follow) throw usageError("--message shows one timeline and --follow all of them: leave one out.");
    return trace(context, options.message, options);
  }
  const query = { ...(options.agent !== undefined && { agent: options.agent }), limit: options.limit };
  const printEntries = logPrinter(context.json);
  // Following tries again by itself, and says so; the client's silent retries would hide it.
  const admin = await context.admin(options.follow ? { retryForMs: 0 } : {});
  if (options.follow) return follow(admin, query, printEntries);
  const { entries } = await admin.log(query);
  await printEntries(entries);
  if (entries.length === 0 && !context.json) {
    remark(
      options.agent === undefined ? "Nothing has been sent on this mesh yet." : "Nothing has happened to its messages.",
    );
  }
}

/** `agentmesh trace`: one message's whole timeline, and why it is not acked. @throws CommandError, MeshApiError */
export async function trace(context: Context, ref: string, options: { readonly agent?: string }): Promise<void> {
  const status = await oneMessage(await context.admin(), messageRefOf(ref), options.agent);
  return print(context.json ? jsonText(status) : messageText(status));
}

async function oneMessage(admin: MeshClient, ref: MessageRef, agent: string | undefined): Promise<MessageStatus> {
  if (!/^\d+$/.test(ref)) return admin.getMessage({ message: ref });
  if (agent === undefined) {
    throw usageError(
      `#${ref} counts within one inbox. Say whose: agentmesh log --agent NAME --message ${ref}, or use the msg_… id.`,
    );
  }
  const { entries } = await admin.listInbox({ agent, state: "all", after: Number(ref) - 1, limit: 1 });
  const [entry] = entries;
  if (entry?.seq === Number(ref)) return admin.getMessage({ message: entry.message.id });
  throw new CommandError(
    "delivery_not_found",
    `${agent} has no #${ref} in its inbox. What it has: agentmesh inbox ${agent} --all`,
    "notFound",
  );
}
