/** `agentmesh log`: what happened to messages, as far back as asked, and from then on. */
import type { LogEntry } from "@agentmesh/protocol";
import { requireOne } from "../../all-agents.ts";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { tellPage } from "../../page-link.ts";
import { jsonText, print, remark } from "../../terminal/output.ts";
import { messageText } from "../../timeline.ts";
import { messageRefOf } from "../messages/send.ts";
import { oneMessage, threadOf } from "../messages/thread-ref.ts";
import { follow } from "./follow-log.ts";
import { logPrinter } from "./log-line.ts";

/** Options of `log`. */
export interface LogOptions {
  readonly follow?: true;
  readonly agent?: string;
  readonly message?: string;
  readonly thread?: string;
  readonly limit: number;
}

/** Prints the newest entries, oldest first, and with `--follow` those to come. @throws CommandError, MeshApiError */
export async function log(context: Context, options: LogOptions): Promise<void> {
  if (options.message !== undefined) {
    if (options.follow || options.thread !== undefined) {
      throw usageError("--message shows one timeline, --follow and --thread those of many messages: leave one out.");
    }
    return trace(context, options.message, options);
  }
  const printEntries = logPrinter(context.json);
  // Following tries again by itself, and says so; the client's silent retries would hide it.
  const admin = await context.admin(options.follow ? { retryForMs: 0 } : {});
  await requireOne(context, admin, options.agent, ["log", ...(options.follow ? ["-f"] : []), "--agent"]);
  const query = {
    ...(options.agent !== undefined && { agent: options.agent }),
    ...(options.thread !== undefined && { thread: await threadOf(admin, options.thread, options.agent) }),
    limit: options.limit,
  };
  if (options.follow) {
    const show = async (entries: readonly LogEntry[]) => {
      await printEntries(entries);
      return entries.length;
    };
    return follow(admin, query, { json: context.json, again: againOf(context, options), show });
  }
  const { entries } = await admin.log(query);
  await printEntries(entries);
  if (entries.length === 0 && !context.json) {
    const all = options.agent === undefined && options.thread === undefined;
    remark(all ? "Nothing has been sent on this mesh yet." : "Nothing has happened to such messages.");
  }
}

function againOf({ json, meshWords }: Context, { agent, thread }: LogOptions): string[] {
  return [
    ...["agentmesh", "log", "-f"],
    ...(agent === undefined ? [] : ["--agent", agent]),
    ...(thread === undefined ? [] : ["--thread", thread]),
    ...meshWords(),
    ...(json ? ["--json"] : []),
  ];
}

/** `agentmesh trace`: one message's whole timeline, and why it is not acked. @throws CommandError, MeshApiError */
export async function trace(context: Context, ref: string, options: { readonly agent?: string }): Promise<void> {
  const status = await oneMessage(await context.admin(), messageRefOf(ref), options.agent);
  await print(context.json ? jsonText(status) : messageText(status));
  await tellPage(context, `message/${status.message.id}`);
}
