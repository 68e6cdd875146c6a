/** What an agent of A2A 1.0 says to a post: its answer, that it is at work, or that it took nothing. */
import * as z from "zod";
import { isTooDeep } from "../json-levels.ts";
import { Part } from "./shapes.ts";
import { hasContent, textOfParts } from "./text.ts";

/** How it answered: `text` is its answer, where it has given one; `task` the id of one that is at work. */
export type A2aAnswered =
  | { readonly kind: "taken"; readonly text?: string; readonly task?: string }
  | { readonly kind: "refused"; readonly why: string };

/** How a task stands that was asked for; `text` what came of it, where something did. */
export type A2aTask = { readonly kind: "at work" } | { readonly kind: "over"; readonly text: string | undefined };

/** What cannot be read of parts is left out: the work is done. */
const Parts = z.array(z.unknown()).transform((parts) => parts.flatMap((each) => Part.safeParse(each).data ?? []));
const Said = z.object({ parts: Parts });
const Task = z.object({
  id: z
    .string()
    .min(1)
    .max(1_024)
    .regex(/^[^\0]*$/),
  status: z.object({ state: z.string().nullish(), message: Said.nullish() }).nullish(),
  artifacts: z.array(Said).nullish(),
});
const Failed = z.object({ code: z.int() }).optional();
const Answer = z.object({
  result: z.object({ message: z.object({}).loose().nullish(), task: z.object({}).loose().nullish() }).optional(),
  error: Failed,
});
const TaskAnswer = z.object({ result: Task.optional(), error: Failed });

/** The task of a test is not there, as its answer says. */
const TASK_NOT_FOUND = -32001;

const NOTHING: A2aAnswered = { kind: "refused", why: "answered nothing of A2A 1.0" };

/** What is put behind an answer that was cut. */
const CUT = "\n\n[the rest was cut off: it is longer than a message may be]";

/** A 2xx answer as it was read. */
export interface A2aAnswer {
  readonly body: string;
  /** It went on, or had not come to its end in time: there is more than was read. */
  readonly isCut: boolean;
  /** As its head names it. */
  readonly type: string | undefined;
}

/**
 * The meaning of a 2xx answer. What has been taken is so also where no text can be made of what was said: a second post would
 * have the work done again. `isTest`: it is that to a test event; `maxBytes`: so long may a message's body be.
 */
export function answered(
  { body, isCut, type }: A2aAnswer,
  { isTest, maxBytes }: { readonly isTest: boolean; readonly maxBytes: number },
): A2aAnswered {
  const read = jsonOf(body);
  if (read === "too deep" || (isCut && read === undefined && type?.startsWith("application/json") === true)) {
    return isTest ? NOTHING : { kind: "taken" };
  }
  const { data } = Answer.safeParse(read?.json);
  if (data?.error) {
    if (isTest && data.error.code === TASK_NOT_FOUND) return { kind: "taken" };
    return { kind: "refused", why: `answered the A2A error ${data.error.code}` };
  }
  const { message, task } = data?.result ?? {};
  if (message) {
    const text = textIn(Said.safeParse(message).data?.parts ?? [], maxBytes);
    return { kind: "taken", ...(text !== undefined && { text }) };
  }
  if (!task) return isTest && data?.result ? { kind: "taken" } : NOTHING;
  const known = Task.safeParse(task).data;
  if (!known) return { kind: "taken" };
  const said = outcomeOf(known, maxBytes);
  if (said.kind === "at work") return { kind: "taken", task: known.id };
  return { kind: "taken", ...(said.text !== undefined && { text: said.text }) };
}

/** What an answer to GetTask says; undefined where it says nothing. One that is not there is over. */
export function answerOfTask(body: string, maxBytes: number): A2aTask | undefined {
  const read = jsonOf(body);
  const { data } = TaskAnswer.safeParse(read === "too deep" ? undefined : read?.json);
  if (data?.error?.code === TASK_NOT_FOUND) return { kind: "over", text: undefined };
  return data?.result && outcomeOf(data.result, maxBytes);
}

function outcomeOf({ status, artifacts }: z.infer<typeof Task>, maxBytes: number): A2aTask {
  const { state, message } = status ?? {};
  const parts = (artifacts ?? []).flatMap((each) => each.parts);
  if (state === "TASK_STATE_COMPLETED") {
    return { kind: "over", text: textIn(parts.length > 0 ? parts : (message?.parts ?? []), maxBytes) };
  }
  const end = ENDS.get(state ?? "");
  return end === undefined ? { kind: "at work" } : { kind: "over", text: textIn(message?.parts ?? [], maxBytes, end) };
}

/** States in which nothing more comes by itself, and what is said of them. */
const ENDS: ReadonlyMap<string, string> = new Map([
  ["TASK_STATE_FAILED", "The task failed."],
  ["TASK_STATE_REJECTED", "The task was rejected."],
  ["TASK_STATE_CANCELED", "The task was cancelled."],
  ["TASK_STATE_INPUT_REQUIRED", "More is asked for."],
  ["TASK_STATE_AUTH_REQUIRED", "It asks to be let in somewhere first."],
]);

/** The text of parts; undefined where there is none. */
function textIn(parts: readonly Part[], maxBytes: number, before?: string): string | undefined {
  const said = parts.filter((part) => part.raw === undefined && hasContent(part));
  const text = [...(before === undefined ? [] : [before]), ...(said.length > 0 ? [textOfParts(said)] : [])].join(" ");
  return text.trim() === "" ? undefined : shortened(text, maxBytes);
}

function shortened(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const room = Math.max(0, maxBytes - Buffer.byteLength(CUT));
  return (
    Buffer.from(text)
      .subarray(0, room)
      .toString("utf8")
      .replace(/\ufffd+$/, "") + CUT
  );
}

/** The JSON of a body; undefined for what is none. */
function jsonOf(body: string): { readonly json: unknown } | "too deep" | undefined {
  try {
    const json: unknown = JSON.parse(body);
    return isTooDeep(json) ? "too deep" : { json };
  } catch {
    return undefined;
  }
}
