/** Tool send_message: one message to one agent. */
import { ThreadId } from "@agentmesh/protocol";
import * as z from "zod";
import { ToolInputError } from "../shown/remedy.ts";
import { isNothing } from "./as-meant.ts";
import { sendResult } from "./send-words.ts";
import { tool, urgency } from "./tool.ts";

/** Sends; the answer says what is known of the recipient. */
export const sendMessage = tool({
  name: "send_message",
  description:
    "Send a message to another agent. The answer means it is stored, not that it was seen; it says how the recipient can be reached. To answer a message use reply.",
  annotations: { title: "Send a message", readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  aliases: ["to_id"],
  input: z.strictObject({
    to: z.string().min(1).max(128).optional().meta({ description: "name of the agent, as in list_peers" }),
    to_id: z
      .string()
      .max(128)
      .refine((name) => !isNothing(name))
      .optional()
      .meta({ description: "same as to" }),
    message: z.string().min(1).meta({ description: "text, at most 64 KiB" }),
    thread_id: ThreadId.optional().meta({ description: "thread to continue" }),
    urgency,
  }),
  async run({ client, sendKeys }, { to, to_id, message, thread_id, urgency }, signal) {
    const recipient = to ?? to_id;
    if (recipient === undefined) {
      throw new ToolInputError('send_message: "to" is missing; it takes to, message, thread_id, urgency.');
    }
    if (to_id !== undefined && to_id !== recipient) {
      throw new ToolInputError('send_message: "to" and "to_id" name two recipients; give only "to".');
    }
    const sent = await sendKeys.under([recipient, message, thread_id, urgency], (idempotencyKey) =>
      client.send(
        {
          to: recipient,
          body: message,
          urgency,
          idempotencyKey,
          ...(thread_id !== undefined && { threadId: thread_id }),
        },
        { signal },
      ),
    );
    return sendResult(sent);
  },
});
