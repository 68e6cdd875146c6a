/** Tool set_summary: what this agent works on, in its own words. */
import { MAX_SUMMARY_CHARS, plainLine } from "@agentmesh/protocol";
import { z } from "zod";
import { tool } from "./tool.ts";

/** Sets the summary that list_peers shows to the others. */
export const setSummary = tool({
  name: "set_summary",
  description: "Say in a line what you are working on; the other agents see it in list_peers.",
  annotations: {
    title: "Say what you work on",
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.strictObject({
    summary: z.string().meta({ description: `one line, ${MAX_SUMMARY_CHARS} characters` }),
  }),
  async run({ client, profile }, input, signal) {
    const summary = plainLine(input.summary, MAX_SUMMARY_CHARS);
    await client.setSummary({ summary }, { signal });
    profile.summary = summary;
    return {
      text: summary === "" ? "Your summary is empty now." : `Your summary is now: "${summary}"`,
      data: { summary },
    };
  },
});
