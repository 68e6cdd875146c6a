/** Stub of OpenAI's Responses API, as Codex uses it. */
import * as z from "zod";
import type { Act } from "./script.ts";
import { type Dialect, events, plain, stringsIn } from "./stub-server.ts";

const Part = z.looseObject({ text: z.string().optional() });

const Item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(Part)]).nullish(),
});

const Tool = z.looseObject({
  name: z.string().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
});

const Request = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  instructions: z.string().nullish(),
  input: z.union([
    z.string().transform((text): z.infer<typeof Item>[] => [{ role: "user", content: text }]),
    z.array(Item),
  ]),
  tools: z.array(Tool).default([]),
});

/** POST …/responses, streamed or not, and GET …/models. Tools may stand in namespaces. */
export const openAiResponses: Dialect = {
  read(path, body) {
    if (!path.endsWith("/responses")) return undefined;
    const { instructions, input, tools } = Request.parse(body);
    const asked = input.findLastIndex(({ role }) => role === "user");
    const content = input[asked]?.content ?? "";
    return {
      shown: stringsIn([instructions, input]),
      asked: typeof content === "string" ? content : content.map(({ text }) => text ?? "").join("\n"),
      afterTool: input.slice(asked + 1).some(({ type }) => type?.endsWith("_output")),
      tools: tools.flatMap(({ name = "", tools: inner }) => inner?.map((one) => one.name) ?? [name]),
    };
  },
  write(response, { body }, act, number) {
    const { model, stream, tools } = Request.parse(body);
    const id = `resp_${number}`;
    const item = itemOf(act, number, tools);
    const usage = {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    };
    const whole = (status: "in_progress" | "completed") => {
      const over = status === "completed";
      return {
        id,
        object: "response",
        created_at: 1,
        status,
        model,
        output: over ? [item] : [],
        usage: over ? usage : null,
      };
    };
    if (!stream) return plain(response, whole("completed"));
    let sequence_number = 0;
    const event = (name: string, data: object) => ({
      name,
      data: { type: name, sequence_number: sequence_number++, ...data },
    });
    events(response, [
      event("response.created", { response: whole("in_progress") }),
      event("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress" } }),
      ...("text" in act
        ? [
            event("response.output_text.delta", {
              item_id: `msg_${number}`,
              output_index: 0,
              content_index: 0,
              delta: act.text,
            }),
          ]
        : []),
      event("response.output_item.done", { output_index: 0, item }),
      event("response.completed", { response: whole("completed") }),
    ]);
  },
  other: (path) => (path.endsWith("/models") ? { object: "list", data: [], models: [] } : undefined),
};

function itemOf(act: Act, number: number, tools: readonly z.infer<typeof Tool>[]): object {
  if ("text" in act) {
    const content = [{ type: "output_text", text: act.text, annotations: [] }];
    return { type: "message", id: `msg_${number}`, role: "assistant", status: "completed", content };
  }
  const namespace = tools.find(({ tools: inner }) => inner?.some(({ name }) => name === act.tool))?.name;
  return {
    type: "function_call",
    id: `fc_${number}`,
    call_id: `call_${number}`,
    name: act.tool,
    ...(namespace !== undefined && { namespace }),
    arguments: JSON.stringify(act.input),
    status: "completed",
  };
}
