/** Tool set_summary: what this agent works on, in its own words. */
import { MAX_FOCUS_MS, MAX_SUMMARY_CHARS, plainLine, quoted } from "@agentmesh/protocol";
import * as z from "zod";
import { ToolInputError } from "../shown/remedy.ts";
import { tool } from "./tool.ts";

const MINUTE_MS = 60_000;

/** Sets the summary that list_peers shows to the others. */
export const setSummary = tool({
  name: "set_summary",
  description:
    "Say in a line what you work on; list_peers shows it to others. focus_minutes: only interrupts are pushed to you for that long.",
  annotations: {
    title: "Say what you work on",
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.strictObject({
    summary: z
      .string()
      .optional()
      .meta({ description: `one line, ${MAX_SUMMARY_CHARS} characters` }),
    focus_minutes: z
      .int()
      .min(0)
      .max(MAX_FOCUS_MS / MINUTE_MS)
      .optional()
      .meta({ description: "0 ends it" }),
  }),
  async run({ client, profile, keepSummary }, input, signal) {
    if (input.summary === undefined && input.focus_minutes === undefined) {
      throw new ToolInputError('set_summary: "summary" is missing; it takes summary, focus_minutes.');
    }
    const summary = plainLine(input.summary ?? profile.summary ?? "", MAX_SUMMARY_CHARS);
    if (input.summary !== undefined) await client.setSummary({ summary }, { signal });
    profile.summary = summary;
    if (input.summary !== undefined) keepSummary(summary);
    const said =
      summary === "" ? "Your summary is empty now." : `Your summary is now: ${quoted(summary, MAX_SUMMARY_CHARS)}`;
    if (input.focus_minutes === undefined) return { text: said, data: { summary } };
    const { focus, pushPaths } =
      input.focus_minutes === 0
        ? await client.endFocus({ agent: "me" }, { signal })
        : await client.setFocus({ agent: "me", forMs: input.focus_minutes * MINUTE_MS }, { signal });
    const rule = focus
      ? `Until ${focus.until} only interrupts are pushed to you; check_messages shows the rest.`
      : pushPaths.some(({ failedWhy }) => failedWhy === undefined)
        ? "You are not in focus: messages are pushed to you."
        : "You are not in focus, but no push path works: check_messages shows what waits for you.";
    return { text: `${said}\n${rule}`, data: { summary, ...(focus && { focus_until: focus.until }) } };
  },
});
