/** Stub of Anthropic's Messages API. */
import * as z from "zod";
import type { Act } from "./script.ts";
import { type Dialect, events, plain, stringsIn } from "./stub-server.ts";

const Block = z.looseObject({ type: z.string(), text: z.string().optional() });

const Request = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  system: z.unknown().optional(),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string().transform((text) => [{ type: "text", text }]), z.array(Block)]),
    }),
  ),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** POST …/v1/messages, streamed or not, and what Claude Code asks beside it. */
export const anthropic: Dialect = {
  read(path, body) {
    if (!path.endsWith("/v1/messages")) return undefined;
    const { system, messages, tools } = Request.parse(body);
    const asked = messages.findLastIndex(
      ({ role, content }) => role === "user" && !content.some(({ type }) => type === "tool_result"),
    );
    return {
      shown: stringsIn([system, messages]),
      asked: (messages[asked]?.content ?? []).map(({ text }) => text ?? "").join("\n"),
      afterTool: messages.slice(asked + 1).some(({ content }) => content.some(({ type }) => type === "tool_result")),
      tools: tools.map(({ name }) => name),
    };
  },
  write(response, { body }, act, number) {
    const { model, stream } = Request.parse(body);
    const block = blockOf(act, number);
    const stop_reason = "tool" in act ? "tool_use" : "end_turn";
    const usage = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
    const message = { id: `msg_${number}`, type: "message", role: "assistant", model, stop_sequence: null, usage };
    if (!stream) return plain(response, { ...message, content: [block.whole], stop_reason });
    const event = (name: string, data: object) => ({ name, data: { type: name, ...data } });
    events(response, [
      event("message_start", { message: { ...message, content: [], stop_reason: null } }),
      event("content_block_start", { index: 0, content_block: block.empty }),
      event("content_block_delta", { index: 0, delta: block.delta }),
      event("content_block_stop", { index: 0 }),
      event("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } }),
      event("message_stop", {}),
    ]);
  },
  other(path) {
    if (path.endsWith("/count_tokens")) return { input_tokens: 100 };
    return path === "/" ? {} : undefined;
  },
};

function blockOf(act: Act, number: number): { whole: object; empty: object; delta: object } {
  if ("text" in act) {
    const { text } = act;
    return {
      whole: { type: "text", text },
      empty: { type: "text", text: "" },
      delta: { type: "text_delta", text },
    };
  }
  const call = { type: "tool_use", id: `toolu_${number}`, name: act.tool };
  return {
    whole: { ...call, input: act.input },
    empty: { ...call, input: {} },
    delta: { type: "input_json_delta", partial_json: JSON.stringify(act.input) },
  };
}
