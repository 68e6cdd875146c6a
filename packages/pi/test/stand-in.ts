/** Pi as the extension meets it: its queue, its runs, and the events that Pi 1.6.0 was seen to send. */
import { randomUUID } from "node:crypto";
import { extend } from "../src/extension.ts";
import type { BeforeAgentStart, PiContext, PiTool } from "../src/pi.ts";

/** A session of Pi with the extension in it. */
export interface StandIn extends AsyncDisposable {
  readonly id: string;
  readonly tools: ReadonlyMap<string, PiTool>;
  /** Texts of the extension that stand in the conversation, oldest first. */
  readonly conversation: readonly string[];
  /** Texts that Pi was given and has not shown. */
  readonly queue: readonly string[];
  /** The user prompts; the run goes on until `settle`. Returns what the extension makes of the system prompt. */
  prompt(options?: Partial<BeforeAgentStart>): { systemPrompt: string } | undefined;
  /** The model has finished a step. */
  step(stopReason?: string): void;
  /** A run ends; a user who has stopped it has emptied the queue. */
  settle(how?: { aborted?: boolean; emptied?: boolean }): void;
  /** The model calls a tool; the answer comes into the conversation unless told otherwise. */
  call(tool: string, args: unknown, kept?: boolean): Promise<string>;
  /** Pi ends the session. */
  end(): Promise<void>;
}

/** What a stand-in may be told. */
export interface StandInOptions {
  /** The session that is opened again. */
  readonly id?: string;
  /** Pi keeps no file of the session. */
  readonly unkept?: true;
}

/** Opens a session in a directory, as Pi does. */
export function standIn(
  cwd: string,
  env: Record<string, string>,
  { id = randomUUID(), unkept }: StandInOptions = {},
): StandIn {
  const listeners = new Map<string, (event: unknown, context: PiContext) => unknown>();
  const tools = new Map<string, PiTool>();
  const conversation: string[] = [];
  const queue: string[] = [];
  let running = false;

  const context: PiContext = {
    cwd,
    sessionManager: { getSessionId: () => id, getSessionFile: () => (unkept ? undefined : `${id}.jsonl`) },
  };
  const emit = (type: string, more: object = {}) => listeners.get(type)?.({ type, ...more }, context);
  const give = (text: string) => {
    conversation.push(text);
    const message = { role: "custom", customType: "agentmesh", content: text, display: true, timestamp: 1 };
    emit("message_end", { message });
  };
  const run = (options: Partial<BeforeAgentStart> = {}) => {
    const made = emit("before_agent_start", { systemPrompt: "", systemPromptOptions: { sections: {} }, ...options });
    running = true;
    emit("agent_start");
    return made as { systemPrompt: string } | undefined;
  };

  extend(
    {
      on: (event: string, listener: (event: never, context: PiContext) => unknown) => {
        listeners.set(event, listener as (event: unknown, context: PiContext) => unknown);
      },
      registerTool: (tool) => tools.set(tool.name, tool),
      sendMessage({ content }, { triggerTurn }) {
        if (running) queue.push(content);
        else if (triggerTurn) {
          run();
          give(content);
        }
      },
    },
    env,
  );
  emit("session_start", { reason: "startup" });

  return {
    id,
    tools,
    conversation,
    queue,
    prompt(options) {
      const made = run(options);
      emit("message_end", { message: { role: "user", content: "a prompt" } });
      return made;
    },
    step(stopReason = "stop") {
      emit("message_end", { message: { role: "assistant", content: [], stopReason } });
      for (const text of queue.splice(0)) give(text);
    },
    settle({ aborted = false, emptied = aborted } = {}) {
      if (emptied) queue.splice(0);
      running = false;
      emit("agent_settled", { aborted });
    },
    async call(name, args, kept = true) {
      const tool = tools.get(name);
      if (!tool) throw new Error(`the extension has no tool ${name}`);
      const toolCallId = `call_${randomUUID()}`;
      const { content } = await tool.execute(toolCallId, tool.prepareArguments(args), undefined);
      const message = { role: "toolResult", toolCallId, toolName: name, content, isError: !kept };
      emit("message_end", { message });
      return content.map(({ text }) => text).join("\n");
    },
    end: async () => void (await emit("session_shutdown", { reason: "quit" })),
    [Symbol.asyncDispose]: async () => void (await emit("session_shutdown", { reason: "quit" })),
  };
}
