/** Stub of an OpenAI-compatible chat completions server. */
import * as z from "zod";
import type { Act } from "./script.ts";
import { type Dialect, events, plain, stringsIn } from "./stub-server.ts";

const Content = z.union([
  z.string(),
  z
    .array(z.object({ text: z.string().optional() }))
    .transform((parts) => parts.map((part) => part.text ?? "").join("\n")),
  z.null().transform(() => ""),
]);

const Request = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(
    z.object({ role: z.string(), content: Content.default(""), tool_calls: z.array(z.unknown()).nullish() }),
  ),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
});

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

/** POST …/chat/completions, streamed or not, and GET …/models. */
export const openAiChat: Dialect = {
  read(path, body) {
    if (!path.endsWith("/chat/completions")) return undefined;
    const { messages, tools } = Request.parse(body);
    // Clients put more than one message of the user's side behind the model's last words.
    const turn = messages.slice(messages.findLastIndex((each) => each.role === "assistant" && !each.tool_calls) + 1);
    return {
      shown: stringsIn(messages),
      asked: turn.flatMap(({ role, content }) => (role === "user" ? [content] : [])).join("\n"),
      afterTool: turn.some(({ role }) => role === "tool"),
      tools: tools.map((tool) => tool.function.name),
    };
  },
  write(response, { body }, act, number) {
    const { model, stream } = Request.parse(body);
    const id = `chatcmpl-${number}`;
    const message = messageOf(act, number);
    const finish_reason = "tool" in act ? "tool_calls" : "stop";
    if (!stream) {
      const choice = { index: 0, message: { role: "assistant", content: null, ...message }, finish_reason };
      return plain(response, { id, object: "chat.completion", created: 1, model, choices: [choice], usage });
    }
    const chunk = (delta: object, reason: string | null = null) => ({
      data: {
        id,
        object: "chat.completion.chunk",
        created: 1,
        model,
        choices: [{ index: 0, delta, finish_reason: reason }],
      },
    });
    const end = chunk({}, finish_reason);
    const all = [chunk({ role: "assistant", content: "" }), chunk(message), { data: { ...end.data, usage } }];
    events(response, all, "[DONE]");
  },
  other: (path) => (path.endsWith("/models") ? { object: "list", data: [{ id: "stub", object: "model" }] } : undefined),
};

function messageOf(act: Act, number: number): object {
  if ("text" in act) return { content: act.text };
  const call = { name: act.tool, arguments: JSON.stringify(act.input) };
  return { tool_calls: [{ index: 0, id: `call_${number}`, type: "function", function: call }] };
}
