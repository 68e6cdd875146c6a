/** What an agent's sessions say of it, as a statement gives it beside the agent's row. */
import { PushPath } from "@agentmesh/protocol";
import * as z from "zod";
import type { NewestSigns } from "../../shared/rows/agents.ts";

/** The newest of an agent's sessions with the newest heartbeat of all, as one JSON text; NULL without a session. */
export const NEWEST = `
  (SELECT json_build_object('seenAt', s.seen_at, 'doubtedAt', s.doubted_at, 'doubtedWhy', s.doubted_why,
       'pushPaths', s.push_paths, 'provenAt', s.proven_at,
       'beatAt', (SELECT MAX(o.beat_at) FROM session o WHERE o.agent_pk = a.pk))::TEXT
     FROM session s WHERE s.agent_pk = a.pk ORDER BY s.seen_at DESC, s.opened_at, s.id LIMIT 1)`;

/** The newest heartbeat of an agent's sessions. */
export const NEWEST_BEAT = `(SELECT MAX(s.beat_at) FROM session s WHERE s.agent_pk = a.pk)`;

const Signs = z.object({
  seenAt: z.number(),
  doubtedAt: z.number().nullable(),
  doubtedWhy: z.enum(["stream_closed", "broker_started"]).nullable(),
  pushPaths: z.string(),
  provenAt: z.number().nullable(),
  beatAt: z.number(),
});

/** The same, read. */
export function newestSigns(json: string | null): NewestSigns | undefined {
  if (json === null) return undefined;
  const { seenAt, doubtedAt, doubtedWhy, pushPaths, provenAt, beatAt } = Signs.parse(JSON.parse(json));
  return {
    session: {
      seenAt,
      doubt: doubtedAt === null || doubtedWhy === null ? undefined : { at: doubtedAt, why: doubtedWhy },
      pushPaths: PushPath.array().parse(JSON.parse(pushPaths)),
      provenAt: provenAt ?? undefined,
    },
    beatAt,
  };
}
