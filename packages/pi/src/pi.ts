/** What this extension uses of Pi: the parts of its extension API, and its events. Seen with Pi 1.6.0. */
import * as z from "zod";

/** What Pi gives an extension. Its listeners are called one after the other, each awaited. */
export interface PiExtensionApi {
  on(event: "session_start", listener: (event: unknown, context: PiContext) => void): void;
  on(event: "session_shutdown", listener: () => Promise<void>): void;
  on(event: "before_agent_start", listener: (event: BeforeAgentStart) => { systemPrompt: string } | undefined): void;
  on(event: "agent_start" | "agent_settled" | "message_end", listener: (event: unknown) => void): void;
  registerTool(tool: PiTool): void;
  /** Puts a message of an extension before the model. Returns before anything came of it, and never throws for that. */
  sendMessage(
    message: { customType: string; content: string; display: boolean; details: Record<string, unknown> },
    options: { triggerTurn: boolean; deliverAs: "steer" },
  ): void;
}

/** Where a listener is called. Not to be asked any more when the session is over. */
export interface PiContext {
  readonly cwd: string;
  readonly sessionManager: {
    getSessionId(): string;
    /** Undefined for a session that is not kept. */
    getSessionFile(): string | undefined;
  };
}

/** A tool as Pi takes it. */
export interface PiTool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Declared to the model, whatever Pi does with the tools of MCP servers. */
  readonly exposure: "direct";
  /** JSON schema. */
  readonly parameters: object;
  readonly annotations: object;
  /** Called before Pi checks arguments; what it throws the model is told. */
  prepareArguments(args: unknown): Record<string, unknown>;
  execute(id: string, args: unknown, signal: AbortSignal | undefined): Promise<PiToolResult>;
}

/** What a tool answers; one that fails throws. */
export interface PiToolResult {
  readonly content: { type: "text"; text: string }[];
  readonly details: Record<string, unknown>;
}

const Text = z
  .union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))])
  .transform((content) => (typeof content === "string" ? content : content.map(({ text = "" }) => text).join("\n")));

/** A message has its place in the conversation. Others than these have roles and kinds of their own. */
export const MessageEnd = z.object({
  message: z.discriminatedUnion("role", [
    z.object({ role: z.literal("custom"), customType: z.string(), content: Text }),
    z.object({ role: z.literal("assistant"), stopReason: z.string() }),
    z.object({ role: z.literal("toolResult"), toolCallId: z.string(), isError: z.boolean().default(false) }),
  ]),
});

/** A run is over, and nothing goes on by itself. */
export const AgentSettled = z.object({ aborted: z.boolean().default(false) });

/** A run is about to start. */
export interface BeforeAgentStart {
  readonly systemPrompt: string;
  /** Its sections may be changed, each stands in a tag of its name; older versions have none. */
  readonly systemPromptOptions: { readonly sections?: Record<string, string> };
}
