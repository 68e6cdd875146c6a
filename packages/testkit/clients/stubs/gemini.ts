/** Stub of the Gemini API. */
import * as z from "zod";
import { type Dialect, events, plain, stringsIn } from "./stub-server.ts";

const Part = z.looseObject({ text: z.string().optional(), functionResponse: z.unknown().optional() });

const Request = z.object({
  contents: z.array(z.object({ role: z.string().default("user"), parts: z.array(Part) })),
  systemInstruction: z.unknown().optional(),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
  generationConfig: z
    .looseObject({ responseSchema: z.unknown().optional(), responseJsonSchema: z.unknown().optional() })
    .default({}),
});

/** What Gemini CLI asks a model about its own work; every field that was seen in such a question. */
const JUDGEMENT = {
  reasoning: "a stub",
  next_speaker: "user",
  model_choice: "flash",
  complexity_score: 1,
  complexity_reasoning: "a stub",
};

/** …:generateContent, …:streamGenerateContent and …:countTokens. */
export const gemini: Dialect = {
  read(path, body) {
    if (!/:(stream)?generateContent$/i.test(path)) return undefined;
    const { contents, systemInstruction, tools } = Request.parse(body);
    const isAnswer = ({ parts }: (typeof contents)[number]) =>
      parts.some((part) => part.functionResponse !== undefined);
    const asked = contents.findLastIndex((content) => content.role === "user" && !isAnswer(content));
    return {
      shown: stringsIn([systemInstruction, contents]),
      asked: (contents[asked]?.parts ?? []).map(({ text }) => text ?? "").join("\n"),
      afterTool: contents.slice(asked + 1).some(isAnswer),
      tools: tools.flatMap((tool) => tool.functionDeclarations.map(({ name }) => name)),
    };
  },
  write(response, { path, body }, act, number) {
    const { generationConfig } = Request.parse(body);
    const judges = generationConfig.responseSchema !== undefined || generationConfig.responseJsonSchema !== undefined;
    const said = "text" in act ? { text: act.text } : { functionCall: { name: act.tool, args: act.input } };
    const part = judges ? { text: JSON.stringify(JUDGEMENT) } : said;
    const answer = {
      candidates: [{ content: { role: "model", parts: [part] }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
      modelVersion: "stub",
      responseId: `r${number}`,
    };
    if (/:stream/i.test(path)) events(response, [{ data: answer }]);
    else plain(response, answer);
  },
  other: (path) => (path.endsWith(":countTokens") ? { totalTokens: 10 } : undefined),
};
