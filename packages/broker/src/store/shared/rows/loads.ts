/** What lies in inboxes, and paths that do not bring it out, as an engine returns them. */
import type { AgentId } from "@agentmesh/protocol";
import type { FailingPath, InboxLoad } from "../../../mesh/store/needs.ts";
import { pathsOf, type SessionSigns } from "./agents.ts";

/** Questions of a person that are counted. */
export const COUNTED = 1_000;

/** An inbox. */
export interface LoadRow {
  readonly pk: number;
  readonly id: AgentId;
  readonly name: string;
  readonly person: 0 | 1;
  readonly queued_count: number;
  readonly open_count: number;
  readonly open_bytes: number;
  readonly queued_since: number | null;
  readonly open_since: number | null;
  readonly questions: number;
}

/** A webhook that fails. */
export interface FailingWebhookRow {
  readonly pk: number;
  readonly failed_why: string;
  readonly rests_until: number | null;
  readonly since: number;
}

/** The load of an inbox whose agent's newest session is this one. */
export function inboxLoad(row: LoadRow, newest: SessionSigns | undefined, now: number): InboxLoad {
  return {
    agent: { id: row.id, name: row.name },
    person: row.person === 1,
    queued: row.queued_count,
    open: row.open_count,
    openBytes: row.open_bytes,
    questions: row.questions,
    queuedSince: row.queued_since ?? undefined,
    openSince: row.open_since ?? undefined,
    heartbeatAgeMs: newest && Math.max(0, now - newest.seenAt),
    pushPaths: newest ? pathsOf(newest) : [],
  };
}

/** Whose paths they are. */
export interface PathOwner {
  readonly id: AgentId;
  readonly name: string;
  readonly registered_at: number;
}

/** The paths of a session that fail. */
export function pathsFailing(
  { id, name, registered_at }: PathOwner,
  session: SessionSigns,
  now: number,
): FailingPath[] {
  const failing = session.pushPaths.filter(({ failedWhy }) => failedWhy !== undefined);
  return failing.map(({ path, failedWhy = "", provenAt }) => ({
    agent: { id, name },
    path,
    why: failedWhy,
    since: provenAt === undefined ? registered_at : Date.parse(provenAt),
    restsUntil: undefined,
    heartbeatAgeMs: Math.max(0, now - session.seenAt),
  }));
}

/** A webhook as a path that fails. */
export function webhookFailing(
  { id, name }: PathOwner,
  { failed_why: why, rests_until, since }: FailingWebhookRow,
  now: number,
): FailingPath {
  const restsUntil = rests_until !== null && rests_until > now ? rests_until : undefined;
  return { agent: { id, name }, path: "webhook", why, since, restsUntil, heartbeatAgeMs: undefined };
}
