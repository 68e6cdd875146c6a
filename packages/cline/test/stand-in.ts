/** Cline as the plugin meets it: a session of its hub, and the events that Cline 3.0.65 was seen to send. */
import { randomUUID } from "node:crypto";
import type { ClineTool } from "../src/cline.ts";
import { makePlugin } from "../src/plugin.ts";

/** A session of Cline with the plugin in it. */
export interface StandIn extends AsyncDisposable {
  readonly id: string;
  readonly tools: ReadonlyMap<string, ClineTool>;
  readonly rules: readonly string[];
  /** Texts that the plugin has given to Cline, with the session that they are for. */
  readonly steered: readonly { readonly sessionId: string; readonly prompt: string }[];
  /** Cline shows the model what it was given. */
  give(): void;
  /** A run begins by what was steered into the idle session: it stands in the snapshot, and no event of its own tells of it. */
  begin(): void;
  /** The model has finished a step; `parent` of a sub-agent. */
  step(finishReason?: string, parent?: string): void;
  run(type: "run-started" | "run-finished"): void;
  /** The model calls a tool; its answer comes into the conversation unless told otherwise. */
  call(tool: string, input: unknown, kept?: boolean): Promise<string>;
}

/** Texts by the session that they are for. */
const steeredTo = new Map<string, { sessionId: string; prompt: string }[]>();

/** Lends plugins of this process the way that Cline lends its own. */
export function lendSteering(): Disposable {
  const emitEvent = (name: string, payload: { sessionId: string; prompt: string }) => {
    if (name === "steer_message") steeredTo.get(payload.sessionId)?.push(payload);
  };
  Reflect.set(globalThis, "__clinePluginHost", { emitEvent });
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(globalThis, "__clinePluginHost") };
}

/** Opens a session in a directory, as Cline does; without a session it only looks what there is. */
export function standIn(rootPath: string, env: Record<string, string>, session = true): StandIn {
  const id = randomUUID();
  const tools = new Map<string, ClineTool>();
  const rules: string[] = [];
  const steered: { sessionId: string; prompt: string }[] = [];
  steeredTo.set(id, steered);
  let given = 0;
  const plugin = makePlugin(env);
  const snapshot = (parent?: string) => ({ agentId: "agent_1", parentAgentId: parent ?? null });
  const emit = (type: string, more: object = {}, parent?: string) =>
    plugin.hooks.onEvent({ type, snapshot: snapshot(parent), ...more });
  plugin.setup(
    {
      registerTool: (tool) => tools.set(tool.name, tool),
      registerRule: ({ content }) => rules.push(content),
    },
    { ...(session && { session: { sessionId: id } }), workspaceInfo: { rootPath } },
  );
  return {
    id,
    tools,
    rules,
    steered,
    give() {
      for (const { prompt } of steered.slice(given)) {
        const content = [{ type: "text", text: `<user_input mode="act">${prompt}</user_input>` }];
        emit("message-added", { message: { id: randomUUID(), role: "user", content } });
      }
      given = steered.length;
    },
    begin() {
      const content = steered.slice(given).map(({ prompt: text }) => ({ type: "text", text }));
      const messages = [
        { role: "assistant", content: [{ type: "text", text: "done" }] },
        { role: "user", content },
      ];
      emit("run-started", { snapshot: { ...snapshot(), messages } });
      given = steered.length;
    },
    step: (finishReason = "stop", parent?: string) =>
      void plugin.hooks.afterModel({ snapshot: snapshot(parent), finishReason }),
    run: (type) => emit(type),
    async call(name, input, kept = true) {
      const tool = tools.get(name);
      if (!tool) throw new Error(`the plugin has no tool ${name}`);
      const toolCallId = `call_${randomUUID()}`;
      const output = await tool.execute(input, { sessionId: id, toolCallId, signal: {} });
      const content = [{ type: "tool-result", toolCallId, toolName: name, output, isError: !kept }];
      emit("message-added", { message: { id: randomUUID(), role: "tool", content } });
      return output;
    },
    [Symbol.asyncDispose]: () => plugin.leave(),
  };
}
