/** OpenCode as the plugin meets it: takes prompts and tells of them in the events that OpenCode 1.18.33 was seen to send. */
import * as z from "zod";
import type { OpenCodeHooks, OpenCodeInput, Prompt } from "../src/opencode.ts";
import { startPlugin } from "../src/plugin.ts";

/** A prompt the plugin made. */
export interface Prompted {
  readonly session: string;
  readonly message: string;
  readonly body: Prompt;
  readonly text: string;
}

/** A running stand-in with the plugin in it. */
export interface StandIn extends AsyncDisposable {
  readonly hooks: OpenCodeHooks;
  readonly prompts: readonly Prompted[];
  readonly logged: readonly string[];
  /** The user, or a parent agent, prompts a session; returns the id of the message. */
  prompt(session: string, more?: { agent?: string; parent?: string }): Promise<string>;
  /** The model has finished a step after this message. */
  answer(session: string, after: string, error?: unknown): Promise<void>;
  /** The user deletes a session. */
  remove(session: string): Promise<void>;
  /** Sessions that were prompted, in their order. */
  readonly used: ReadonlySet<string>;
  status(session: string, type: "busy" | "idle"): Promise<void>;
  /** The user is asked by a request of this id, or has answered it. */
  asks(event: "permission.asked" | "question.asked", session: string, request: string): Promise<void>;
  answers(event: "permission.replied" | "question.rejected", session: string, request: string): Promise<void>;
  /** The model calls a tool; OpenCode keeps its answer unless told otherwise. */
  call(session: string, tool: string, args: Record<string, unknown>, kept?: boolean): Promise<string>;
  /** From now on OpenCode answers prompts with this status. */
  refuse(status: number | undefined): void;
}

/** Starts the plugin in a directory, as OpenCode does. */
export async function standIn(directory: string, env: Record<string, string>): Promise<StandIn> {
  const prompts: Prompted[] = [];
  const logged: string[] = [];
  const used = new Set<string>();
  let count = 0;
  let refusal: number | undefined;
  const id = (kind: string) => `${kind}_${String(++count).padStart(6, "0")}`;
  const emit = (type: string, properties: object) => hooks.event({ event: { id: id("evt"), type, properties } });

  const added = async (session: string, text: string, agent = "build") => {
    const message = id("msg");
    const model = { providerID: "stub", modelID: "stub" };
    const info = { id: message, sessionID: session, role: "user", time: { created: 1 }, agent, model };
    await emit("message.updated", { sessionID: session, info });
    const part = { id: id("prt"), sessionID: session, messageID: message, type: "text", text };
    await emit("message.part.updated", { sessionID: session, part });
    await emit("message.updated", { sessionID: session, info: { ...info, summary: { diffs: [] } } });
    return message;
  };

  const input: OpenCodeInput = {
    directory,
    client: {
      app: {
        async log({ body }) {
          logged.push(body.message);
        },
      },
      session: {
        async promptAsync({ path, body }) {
          if (refusal !== undefined) return { error: { name: "refused" }, response: { status: refusal } };
          const text = body.parts.map((part) => part.text).join("");
          const message = await added(path.id, text, body.agent);
          prompts.push({ session: path.id, message, body, text });
          return { data: {}, response: { status: 204 } };
        },
      },
    },
  };
  const hooks = await startPlugin(input, env);

  return {
    hooks,
    prompts,
    logged,
    used,
    remove: (session) => emit("session.deleted", { info: { id: session, title: "a session" } }),
    async prompt(session, { agent, parent } = {}) {
      used.add(session);
      const info = { id: session, title: "a session", ...(parent !== undefined && { parentID: parent }) };
      await emit("session.created", { sessionID: session, info });
      return added(session, "a prompt", agent);
    },
    async answer(session, after, error) {
      const info = { id: id("msg"), sessionID: session, role: "assistant", parentID: after, mode: "build" };
      await emit("message.updated", { sessionID: session, info });
      await emit("message.updated", {
        sessionID: session,
        info: { ...info, finish: "stop", ...(error !== undefined && { error }) },
      });
    },
    status: (session, type) => emit("session.status", { sessionID: session, status: { type } }),
    asks: (event, sessionID, request) => emit(event, { id: request, sessionID }),
    answers: (event, sessionID, requestID) => emit(event, { sessionID, requestID }),
    async call(session, name, args, kept = true) {
      const tool = hooks.tool[name];
      if (!tool) throw new Error(`the plugin has no tool ${name}`);
      // So does OpenCode 1.18.33: what does not pass never comes to the plugin, and it says no more than this.
      if (!z.object(tool.args).safeParse(args).success)
        throw new Error(`The ${name} tool was called with invalid arguments`);
      const callID = id("call");
      const messageID = id("msg");
      const output = await tool.execute(args, {
        sessionID: session,
        messageID,
        callID,
        abort: new AbortController().signal,
      });
      const part = {
        type: "tool",
        tool: name,
        sessionID: session,
        messageID,
        callID,
        state: { status: kept ? "completed" : "error" },
      };
      await emit("message.part.updated", { sessionID: session, part });
      return output;
    },
    refuse(status) {
      refusal = status;
    },
    [Symbol.asyncDispose]: () => hooks.dispose(),
  };
}
