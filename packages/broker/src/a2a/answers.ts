/** What an agent of A2A 1.0 says to a post: its answer, that it is at work, or that it took nothing. */
import { MAX_BODY_BYTES } from "@agentmesh/protocol";
import * as z from "zod";
import { Part } from "./shapes.ts";
import { textOfParts } from "./text.ts";

/** How it answered: `text` is its answer, where it has given one. */
export type A2aAnswered =
  | { readonly kind: "taken"; readonly text?: string }
  | { readonly kind: "refused"; readonly why: string };

const Parts = z.array(Part);
const Said = z.object({ parts: Parts });
const Answer = z.object({
  result: z
    .object({
      message: Said.nullish(),
      task: z
        .object({
          id: z.string().min(1),
          status: z.object({ state: z.string().nullish(), message: Said.nullish() }).nullish(),
          artifacts: z.array(Said).nullish(),
        })
        .nullish(),
    })
    .optional(),
  error: z.object({ code: z.int() }).optional(),
});

/** The task of a test is not there, as its answer says. */
const TASK_NOT_FOUND = -32001;

/** What is put behind an answer that was cut. */
const CUT = "\n\n[the rest was cut off: it is longer than a message may be]";

/** The meaning of a 2xx answer's body. `isTest`: it is that to a test event. */
export function answered(body: string, isTest: boolean): A2aAnswered {
  const { data } = Answer.safeParse(jsonOf(body));
  if (data?.error) {
    if (isTest && data.error.code === TASK_NOT_FOUND) return { kind: "taken" };
    return { kind: "refused", why: `answered the A2A error ${data.error.code}` };
  }
  const { message, task } = data?.result ?? {};
  if (message) return withText(message.parts);
  if (!task)
    return isTest && data?.result ? { kind: "taken" } : { kind: "refused", why: "answered nothing of A2A 1.0" };
  const { state, message: status } = task.status ?? {};
  const parts = (task.artifacts ?? []).flatMap((each) => each.parts);
  if (state === "TASK_STATE_COMPLETED") return withText(parts.length > 0 ? parts : (status?.parts ?? []));
  const end = state ? ENDS[state] : undefined;
  return end === undefined ? { kind: "taken" } : withText(status?.parts ?? [], end);
}

/** States in which nothing more comes by itself, and what is said of them. */
const ENDS: Readonly<Record<string, string>> = {
  TASK_STATE_FAILED: "The task failed.",
  TASK_STATE_REJECTED: "The task was rejected.",
  TASK_STATE_CANCELED: "The task was cancelled.",
  TASK_STATE_INPUT_REQUIRED: "More is asked for.",
  TASK_STATE_AUTH_REQUIRED: "It asks to be let in somewhere first.",
};

function withText(parts: readonly Part[], before?: string): A2aAnswered {
  const said = parts.filter(({ raw }) => raw === undefined);
  const text = [...(before === undefined ? [] : [before]), ...(said.length > 0 ? [textOfParts(said)] : [])].join(" ");
  return text.trim() === "" ? { kind: "taken" } : { kind: "taken", text: shortened(text) };
}

function shortened(text: string): string {
  if (Buffer.byteLength(text) <= MAX_BODY_BYTES) return text;
  const room = MAX_BODY_BYTES - Buffer.byteLength(CUT);
  return (
    Buffer.from(text)
      .subarray(0, room)
      .toString("utf8")
      .replace(/\ufffd+$/, "") + CUT
  );
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
