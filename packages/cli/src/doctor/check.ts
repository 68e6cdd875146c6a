/** What a check of the doctor is: it looks at one thing and says what it found; it changes nothing. */
import type { Site } from "./site.ts";

/** What becomes of a finding: a `fault` keeps something from working, a `warning` may, `skipped` was not looked at. */
export type Verdict = "ok" | "warning" | "fault" | "skipped";

/** What one look found. */
export interface Finding {
  readonly verdict: Verdict;
  /** What was looked at: `state folder`, `Codex`. */
  readonly about: string;
  /** What was found, or why nothing was looked at; a clause without its full stop. */
  readonly says: string;
  /** The command that mends it, or what a person does; none where nothing is to be done. */
  readonly remedy?: string;
  /** Mends it without asking: only what loses nothing that anybody could want back. */
  readonly fix?: Fix;
}

/** What `--fix` does. */
export interface Fix {
  /** In the past, as it is told afterwards: `made ~/.agentmesh/key 0600`. */
  readonly did: string;
  /** @throws what the system or a client's file refuses */
  act(): void;
}

/** What was found. */
export interface Examined {
  readonly findings: readonly (Finding & { readonly check: string })[];
  /** How many of them `--fix` would mend. */
  readonly mendable: number;
}

/** What became of one thing that was to be mended. */
export interface Mended {
  readonly did: string;
  /** Why it could not be done. */
  readonly failed?: string;
}

/** One row of the table of checks. */
export interface Check {
  readonly name: string;
  /** What it looks at, for the page of docs. */
  readonly looksAt: string;
  look(site: Site): readonly Finding[] | Promise<readonly Finding[]>;
}

/** Nothing is the matter. */
export function ok(about: string, says: string): Finding {
  return { verdict: "ok", about, says };
}

/** Nothing was looked at. */
export function skipped(about: string, says: string, remedy?: string): Finding {
  return { verdict: "skipped", about, says, ...(remedy !== undefined && { remedy }) };
}
