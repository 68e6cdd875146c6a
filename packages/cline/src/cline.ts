/** What this plugin uses of Cline: the parts of its plugin API, and its events. Seen with Cline 3.0.65. */
import * as z from "zod";

/** A plugin as Cline takes it. */
export interface ClinePlugin {
  readonly name: string;
  readonly manifest: { readonly capabilities: readonly ("tools" | "rules" | "hooks")[] };
  setup(api: ClineApi, context: ClineContext): void;
  readonly hooks: {
    afterModel(event: unknown): undefined;
    onEvent(event: unknown): void;
  };
}

/** What a plugin registers with. */
export interface ClineApi {
  registerTool(tool: ClineTool): void;
  /** The content comes into the system prompt. */
  registerRule(rule: { id: string; content: string }): void;
}

/** Where a plugin is loaded. Without a session Cline only looks what there is. */
export interface ClineContext {
  readonly session?: { readonly sessionId?: string } | undefined;
  readonly workspaceInfo?: { readonly rootPath?: string } | undefined;
  readonly logger?: ClineLogger | undefined;
}

/** Cline's log. */
export interface ClineLogger {
  debug(message: string): void;
  log(message: string): void;
  error(message: string): void;
}

/** A tool as Cline takes it; one that fails throws. */
export interface ClineTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
  /** Cline waits so long, in milliseconds. */
  readonly timeoutMs: number;
  execute(input: unknown, call: unknown): Promise<string>;
}

/** What a tool call comes with. */
export const ClineCall = z.looseObject({ toolCallId: z.string().optional() });

/** How a session stands. All messages of the conversation are in it: only the last one is read. */
const Snapshot = z.looseObject({ parentAgentId: z.string().nullish(), messages: z.array(z.unknown()).optional() });

const Part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  toolCallId: z.string().optional(),
  isError: z.boolean().optional(),
});

const ClineMessage = z.looseObject({ role: z.string(), content: z.array(Part) });

/** The texts with which a run begins: no event tells of what the user typed, or of what was steered into an idle session. */
export function textsBegunWith({ messages }: z.infer<typeof Snapshot>): string[] {
  const { data: last } = ClineMessage.safeParse(messages?.at(-1));
  return last?.role === "user" ? last.content.flatMap(({ text }) => (text === undefined ? [] : [text])) : [];
}

/** The events this plugin listens to. Those of sub-agents have a parent. */
export const ClineEvent = z.discriminatedUnion("type", [
  z.looseObject({ type: z.enum(["run-started", "run-finished", "run-failed"]), snapshot: Snapshot }),
  z.looseObject({
    type: z.enum(["message-added", "tool-finished"]),
    snapshot: Snapshot,
    message: ClineMessage,
  }),
]);

/** One of them. */
export type ClineEvent = z.infer<typeof ClineEvent>;

/** The model has finished a step. */
export const AfterModel = z.looseObject({ snapshot: Snapshot, finishReason: z.string() });

/** Puts a text into a session, as the host of the plugin's process does it; undefined where Cline has no such thing. */
export function steering(host: unknown): ((sessionId: string, prompt: string) => void) | undefined {
  const emit: unknown = typeof host === "object" && host !== null ? Reflect.get(host, "emitEvent") : undefined;
  return typeof emit === "function" ? (sessionId, prompt) => emit("steer_message", { sessionId, prompt }) : undefined;
}
