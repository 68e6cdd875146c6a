/** What comes in over A2A 1.0, as its JSON is written: fields that are not known, and null for what is left out, are no fault. */
import { inWords, wrongValues, wrongValueText } from "@agentmesh/protocol";
import * as z from "zod";
import { A2aRefusal } from "./refusals.ts";

const word = z.string().min(1).max(256);
const left = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);
/** What is not set may be written as an empty text. */
const unlessEmpty = left(z.string().max(2_048)).transform((value) => (value === "" ? undefined : value));

/** One part of a message. */
export const Part = z.object({
  text: left(z.string()),
  data: z.unknown().optional(),
  url: unlessEmpty,
  raw: left(z.string()),
  filename: unlessEmpty,
  mediaType: unlessEmpty,
});
export type Part = z.infer<typeof Part>;

/** What is said to an agent. */
export const IncomingMessage = z.object({
  messageId: word,
  contextId: unlessEmpty,
  taskId: unlessEmpty,
  parts: z.array(Part).min(1).max(100),
});

/** Where a client wants to be told of its tasks. */
export const PushConfig = z.object({
  id: unlessEmpty,
  url: z.string().min(1).max(2_048),
  token: unlessEmpty,
  authentication: left(z.object({ scheme: word, credentials: unlessEmpty })),
});
export type PushConfig = z.infer<typeof PushConfig>;

/** Parameters of SendMessage. */
export const SendMessageParams = z.object({
  message: IncomingMessage,
  configuration: left(z.object({ returnImmediately: left(z.boolean()), taskPushNotificationConfig: left(PushConfig) })),
});

/** Parameters that name a task. */
export const TaskParams = z.object({ id: word });

/** Parameters that name a task and, where there is one, what was set for it. */
export const PushConfigParams = z.object({ taskId: word, id: unlessEmpty });

/** Parameters of CreateTaskPushNotificationConfig. */
export const CreatePushConfigParams = PushConfig.extend({ taskId: word });

/** What was sent, by its shape. @throws A2aRefusal INVALID_PARAMS */
export function parsed<S extends z.ZodType>(shape: S, value: unknown): z.output<S> {
  const { data, error } = shape.safeParse(value ?? {}, inWords);
  if (error) {
    throw new A2aRefusal("INVALID_PARAMS", `Not as A2A 1.0 has it: ${wrongValueText(wrongValues(error))}.`);
  }
  return data;
}
