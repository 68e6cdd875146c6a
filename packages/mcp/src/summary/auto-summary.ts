/** The summary of an agent that has not said what it works on: from git on this machine, or by a model if that is on. */

import type { MeshClient } from "@agentmesh/client";
import { type AgentProfile, MAX_SUMMARY_CHARS, plainLine } from "@agentmesh/protocol";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import type { Place } from "../place/place.ts";
import { askModel } from "./ask-model.ts";
import { type GitState, gitState } from "./git-state.ts";

/** Whose summary, and how it is made. */
export interface SummaryTerms {
  readonly config: Pick<Config, "summary" | "model" | "environment">;
  readonly place: Place;
  readonly client: MeshClient;
  /** What the agent says of itself; a summary that it has set meanwhile is left alone. */
  readonly profile: AgentProfile;
  readonly log: Log;
  readonly left: AbortSignal;
}

/** Sets the summary, and once more when a model has a better one. Never throws. */
export async function autoSummary(terms: SummaryTerms): Promise<void> {
  const { config, place, profile, log, left } = terms;
  if (config.summary === "none" || place.repo === undefined) return;
  try {
    const state = await gitState({ directory: place.directory, environment: config.environment, signal: left });
    const own = await say(terms, profile.summary, lineOf(place, state));
    if (config.model === undefined || own === undefined) return;
    const said = await askModel(config.model, place.branch, state, left).catch((error: unknown) => {
      if (!left.aborted) log.warn("summary.llm_failed", { error, kept: own });
    });
    if (said) await say(terms, own, `${place.title}: ${said}`);
  } catch (error) {
    log.debug("summary.not_set", { error });
  }
}

/** The place, its last commit, and how many files are changed. */
export function lineOf(place: Place, { subjects: [subject], changed = [] }: GitState): string {
  const files = changed.length === 1 ? "1 file" : `${changed.length} files`;
  const commit = subject === undefined ? "" : `: "${plainLine(subject, 120)}"`;
  return `${place.summary}${commit}${changed.length === 0 ? "" : ` (${files} changed)`}`;
}

/** Replaces `before` by `summary`, unless the agent has set its own; returns what stands. */
async function say(
  { client, profile, left }: SummaryTerms,
  before: string | undefined,
  summary: string,
): Promise<string | undefined> {
  if (profile.summary !== before) return undefined;
  const line = plainLine(summary, MAX_SUMMARY_CHARS);
  await client.setSummary({ summary: line }, { signal: left });
  // The agent's own words may have been on the way at the same time: they stand.
  if (profile.summary !== before) await client.setSummary({ summary: profile.summary ?? "" }, { signal: left });
  else profile.summary = line;
  return profile.summary;
}
