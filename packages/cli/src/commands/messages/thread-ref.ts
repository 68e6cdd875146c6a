/** A thread as people name it: its id, or any message of it. */
import type { MeshClient } from "@agentmesh/client";
import { type MessageRef, type MessageStatus, ThreadId, ThreadRef } from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";

/** The thread that a reference names. @throws CommandError, MeshApiError */
export async function threadOf(admin: MeshClient, text: string, agent: string | undefined): Promise<ThreadId> {
  const ref = ThreadRef.safeParse(text.replace(/^#/, ""));
  if (!ref.success) {
    throw usageError(
      `"${text}" names no thread. Write thr_…, or a message of it: msg_…, dlv_…, or a number with --agent.`,
    );
  }
  const thread = ThreadId.safeParse(ref.data);
  if (thread.success) return thread.data;
  if (!ref.data.startsWith("thr_")) return (await oneMessage(admin, ref.data, agent)).message.threadId;
  const [of] = (await admin.listMessages({ thread: ref.data, limit: 1 })).entries;
  if (of) return of.message.threadId;
  throw new CommandError("message_not_found", `No thread begins with ${ref.data}.`, "notFound");
}

/** One message by id, or by its number in an agent's inbox. @throws CommandError, MeshApiError */
export async function oneMessage(
  admin: MeshClient,
  ref: MessageRef,
  agent: string | undefined,
): Promise<MessageStatus> {
  if (!/^\d+$/.test(ref)) return wholeStatus(admin, ref);
  if (agent === undefined) {
    throw usageError(`#${ref} counts within one inbox. Say whose with --agent NAME, or use the msg_… id.`);
  }
  const { entries } = await admin.listInbox({ agent, state: "all", after: Number(ref) - 1, limit: 1 });
  const [entry] = entries;
  if (entry?.seq === Number(ref)) return wholeStatus(admin, entry.message.id);
  throw new CommandError(
    "delivery_not_found",
    `${agent} has no #${ref} in its inbox. What it has: agentmesh inbox ${agent} --all`,
    "notFound",
  );
}

/** A message with all of its deliveries, page by page. */
async function wholeStatus(admin: MeshClient, message: MessageRef): Promise<MessageStatus> {
  const { nextAfter, ...status } = await admin.getMessage({ message });
  if (nextAfter === undefined) return status;
  for await (const { deliveries } of admin.pages("getMessage", { message, after: nextAfter })) {
    status.deliveries.push(...deliveries);
  }
  return status;
}
