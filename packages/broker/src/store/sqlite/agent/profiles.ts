/** SQL of what agents say of themselves. */
import type { AgentProfile } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** The statements on profiles. */
export function profileStatements({ db, clock, callers, happened }: EngineContext) {
  const selectSummary = db.prepare<[number], { summary: string | null }>(
    `SELECT profile ->> '$.summary' AS summary FROM agent WHERE pk = ?`,
  );
  const updateSummary = db.prepare<[string, number]>(
    `UPDATE agent SET profile = json_set(profile, '$.summary', ?) WHERE pk = ?`,
  );
  const updateProfile = db.prepare<[string, number, number]>(
    `UPDATE agent SET profile = json_patch(profile, ?), last_seen_at = ? WHERE pk = ?`,
  );

  const summaryOf = (pk: number): string | null => selectSummary.get(pk)?.summary ?? null;

  /** Changes a profile, and tells of another summary. */
  function change(pk: number, act: () => unknown): void {
    const before = summaryOf(pk);
    callers.forget(pk);
    act();
    const summary = summaryOf(pk);
    if (summary !== null && summary !== before) happened(pk, "agent.summary", { summary });
  }

  return {
    /** Adds to a profile; what it says in place of something takes that place. */
    set(pk: number, profile: AgentProfile): void {
      // A place is told as a whole: who says where it is says, by leaving it out, that there is no repository.
      const place = profile.directory === undefined ? {} : { repo: null, repoUrl: null, branch: null };
      const said = JSON.stringify({ ...place, ...profile });
      change(pk, () => updateProfile.run(said, clock.now(), pk));
    },
    setSummary: (pk: number, summary: string) => change(pk, () => updateSummary.run(summary, pk)),
  };
}
