/** Every kind of line that was seen in a real client's transcript, and what it means; how a whole turn comes out. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { clientKinds } from "../src/client/client-kind.ts";
import { entryMeaning } from "../src/transcript/transcript-entry.ts";

/** Lines that Claude Code 2.1.332, Codex 0.171.0, Gemini CLI 0.61.0, Copilot CLI 1.0.102 and Qwen Code 0.24.4 wrote, one of each kind; long texts are cut. */
const Row = z.object({
  means: z.strictObject({
    shown: z.boolean().optional(),
    answer: z.boolean().optional(),
    turnOpen: z.boolean().optional(),
    dialog: z.strictObject({ id: z.string(), about: z.enum(["permission", "question", "over"]) }).optional(),
  }),
  entry: z.record(z.string(), z.unknown()),
});

function rowsOf(kind: string) {
  const text = readFileSync(new URL(`transcripts/${kind}.jsonl`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => Row.parse(JSON.parse(line)));
}

test.each(clientKinds)("each line that %s writes has its meaning", (kind) => {
  for (const { means, entry } of rowsOf(kind)) {
    expect({ means: entryMeaning[kind](entry), entry }).toEqual({ means, entry });
  }
  const turns = rowsOf(kind).map(({ means }) => means.turnOpen);
  expect(new Set(turns)).toEqual(new Set([true, false, undefined]));
});

test.each(clientKinds)("what %s may write one day neither opens nor closes a turn", (kind) => {
  const unknown = [
    null,
    [],
    "text",
    {},
    { type: "a-new-kind", timestamp: "2026-11-28T07:00:00.000Z" },
    { type: "system", subtype: "a-new-kind", content: "turn_duration" },
    { type: "event_msg", payload: { type: "a_new_kind" } },
    { type: "info", content: "[API Error: quoted by somebody]" },
    { type: "user", rowSource: "a-new-source", message: { role: "user", content: "words" } },
    { type: "user", message: { content: [7] } },
  ];
  const other = kind === "gemini" ? unknown.filter((entry) => !JSON.stringify(entry).includes('"user"')) : unknown;
  for (const entry of other) expect(entryMeaning[kind](entry).turnOpen).toBeUndefined();
});

test("words that only quote an interruption do not end a turn", () => {
  const quote = "[Request interrupted by user]";
  const result = [{ type: "tool_result", content: quote }];
  const user = (content: unknown) => entryMeaning.claude({ type: "user", message: { role: "user", content } });
  expect(user(result).turnOpen).toBe(true);
  expect(user(`what does ${quote} mean?`).turnOpen).toBe(true);
  expect(user([{ type: "text", text: quote }]).turnOpen).toBe(false);
});

test("versions of Claude Code that do not say whose a line is are understood by its words", () => {
  const user = (content: string) => entryMeaning.claude({ type: "user", message: { role: "user", content } });
  expect(user("<command-name>/compact</command-name>").turnOpen).toBeUndefined();
  expect(user("<local-command-stdout>done</local-command-stdout>").turnOpen).toBeUndefined();
  expect(user("<command-message>mine</command-message>\n<command-name>/mine</command-name>").turnOpen).toBe(true);
  expect(user("do it").turnOpen).toBe(true);
});
