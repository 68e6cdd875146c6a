/** SQL of what agents say of themselves. */
import { AgentProfile } from "@agentmesh/protocol";
import * as z from "zod";
import type { EngineContext } from "../context.ts";

const Stored = z.record(z.string(), z.unknown());

/** The statements on profiles. */
export function profileStatements({ db, now, happened }: EngineContext) {
  const selectProfile = async (pk: number) => {
    const row = await db.get<{ profile: string }>(`SELECT profile FROM agent WHERE pk = $1`, [pk]);
    return Stored.parse(JSON.parse(row?.profile ?? "{}"));
  };

  /** Changes a profile, and tells of another summary. What is null there is left out from now on. */
  async function change(pk: number, said: Readonly<Record<string, unknown>>, write: (profile: string) => unknown) {
    const before = await selectProfile(pk);
    const merged = Object.entries({ ...before, ...said }).filter(([, value]) => value !== null && value !== undefined);
    const profile = AgentProfile.parse(Object.fromEntries(merged));
    await write(JSON.stringify(Object.fromEntries(merged)));
    const { summary } = profile;
    if (summary !== undefined && summary !== before.summary) await happened(pk, "agent.summary", { summary });
  }

  return {
    /** Adds to a profile of an agent that is locked; what it says in place of something takes that place. */
    set(pk: number, profile: AgentProfile): Promise<void> {
      // A place is told as a whole: who says where it is says, by leaving it out, that there is no repository.
      const place = profile.directory === undefined ? {} : { repo: null, repoUrl: null, branch: null };
      return change(pk, { ...place, ...profile }, (text) =>
        db.run(`UPDATE agent SET profile = $1, last_seen_at = $2 WHERE pk = $3`, [text, now, pk]),
      );
    },
    setSummary: (pk: number, summary: string) =>
      change(pk, { summary }, (text) => db.run(`UPDATE agent SET profile = $1 WHERE pk = $2`, [text, pk])),
  };
}
