/** What this plugin uses of OpenCode: the parts of its plugin API, and its events. Seen with OpenCode 1.18.33. */
import * as z from "zod";

/** What OpenCode gives a plugin. */
export interface OpenCodeInput {
  readonly client: OpenCodeClient;
  /** The directory whose sessions this instance serves. */
  readonly directory: string;
}

/** The calls made of OpenCode's own client; a refusal is an answer with `error`. */
export interface OpenCodeClient {
  readonly session: {
    promptAsync(options: { path: { id: string }; body: Prompt }): Promise<unknown>;
  };
  readonly app: {
    log(options: {
      body: { service: string; level: "error" | "warn" | "info" | "debug"; message: string };
    }): Promise<unknown>;
  };
}

/** A text for a session, to be answered by this agent and model of OpenCode. */
export interface Prompt {
  parts: { type: "text"; text: string }[];
  agent?: string;
  model?: { providerID: string; modelID: string };
  variant?: string;
}

/** What OpenCode answers a call. */
export const OpenCodeAnswer = z.object({
  error: z.unknown().optional(),
  response: z.object({ status: z.int() }).optional(),
});

/** What a tool call of OpenCode comes with. `callID` is not in its published types, and may be missing. */
export interface OpenCodeCall {
  readonly sessionID: string;
  readonly messageID: string;
  readonly callID?: string;
  readonly abort: AbortSignal;
}

/** A tool as OpenCode takes it. */
export interface OpenCodeTool {
  description: string;
  args: z.ZodRawShape;
  execute(args: Record<string, unknown>, call: OpenCodeCall): Promise<string>;
}

/** The hooks this plugin has. */
export interface OpenCodeHooks {
  config(config: { mcp?: Record<string, unknown> }): Promise<void>;
  event(input: { event: unknown }): Promise<void>;
  tool: Record<string, OpenCodeTool>;
  "experimental.chat.system.transform"(input: unknown, output: { system: string[] }): Promise<void>;
  dispose(): Promise<void>;
}

const Model = z.object({ providerID: z.string(), modelID: z.string(), variant: z.string().optional() });

/** The events this plugin listens to. Ids of messages ascend in the order of their making. */
export const OpenCodeEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.enum(["session.created", "session.updated", "session.deleted"]),
    properties: z.object({ info: z.object({ id: z.string(), parentID: z.string().optional() }) }),
  }),
  z.object({
    type: z.literal("session.status"),
    properties: z.object({ sessionID: z.string(), status: z.object({ type: z.string() }) }),
  }),
  z.object({
    type: z.enum(["permission.asked", "question.asked"]),
    properties: z.object({ id: z.string(), sessionID: z.string() }),
  }),
  z.object({
    type: z.enum(["permission.replied", "question.replied", "question.rejected"]),
    properties: z.object({ requestID: z.string(), sessionID: z.string() }),
  }),
  z.object({
    type: z.literal("message.updated"),
    properties: z.object({
      info: z.discriminatedUnion("role", [
        z.object({
          role: z.literal("user"),
          id: z.string(),
          sessionID: z.string(),
          agent: z.string().optional(),
          model: Model.optional(),
        }),
        z.object({
          role: z.literal("assistant"),
          id: z.string(),
          sessionID: z.string(),
          parentID: z.string(),
          finish: z.string().optional(),
          error: z.unknown().optional(),
        }),
      ]),
    }),
  }),
  z.object({
    type: z.literal("message.part.updated"),
    properties: z.object({
      part: z.object({
        type: z.string(),
        sessionID: z.string(),
        messageID: z.string(),
        text: z.string().optional(),
        callID: z.string().optional(),
        state: z.object({ status: z.string() }).optional(),
      }),
    }),
  }),
]);
export type OpenCodeEvent = z.infer<typeof OpenCodeEvent>;

/** A prompt of the user, or of a plugin. */
export type UserMessage = Extract<
  Extract<OpenCodeEvent, { type: "message.updated" }>["properties"]["info"],
  { role: "user" }
>;

/** What the model made of it, step by step. */
export type AssistantMessage = Extract<
  Extract<OpenCodeEvent, { type: "message.updated" }>["properties"]["info"],
  { role: "assistant" }
>;
