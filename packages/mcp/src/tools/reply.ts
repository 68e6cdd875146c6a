/** Tool reply: answers a message by its number. */
import { MessageRef } from "@agentmesh/protocol";
import * as z from "zod";
import { ToolInputError } from "../shown/remedy.ts";
import { sendResult } from "./send-words.ts";
import { asTyped, tool } from "./tool.ts";

/** Replies; the broker finds the address and acks the answered delivery in the same act. */
export const reply = tool({
  name: "reply",
  description:
    "Answer a message you got. Its sender is found by the message's number, and the message counts as handled.",
  annotations: { title: "Answer a message", readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  input: z.strictObject({
    message_id: z.preprocess(asTyped, z.string().max(64)).meta({ description: 'number of the message, e.g. "42"' }),
    message: z.string().min(1).meta({ description: "text of the answer" }),
  }),
  async run({ client, sendKeys, evidence }, { message_id, message }, signal) {
    const ref = MessageRef.safeParse(message_id);
    if (!ref.success) {
      throw new ToolInputError(
        `reply: message_id ${JSON.stringify(message_id)} is not the number of a message; write it as "42", as in the message's tag.`,
      );
    }
    const sent = await sendKeys.under([ref.data, message, "reply"], (idempotencyKey) =>
      client.send({ inReplyTo: ref.data, body: message, idempotencyKey }, { signal }),
    );
    evidence.answered(ref.data);
    return sendResult(sent);
  },
});
