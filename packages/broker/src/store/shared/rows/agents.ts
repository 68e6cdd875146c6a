/** An agent's row as an engine returns it, and the record the mesh gets. */
import {
  AgentId,
  AgentProfile,
  type Focus,
  type ListedPushPath,
  MachineId,
  PolicyAction,
  PolicyClass,
  type PushPath,
  STREAM_PATH,
  type Trust,
  WEBHOOK_PATH,
} from "@agentmesh/protocol";
import * as z from "zod";
import type { Standing } from "../../../mesh/acceptance/trust-class.ts";
import { timestamp } from "../../../mesh/clock.ts";
import type { AgentRecord, KnownAgent, KnownMachine, PolicyRules, SessionDoubt } from "../../../mesh/store.ts";

/** What is known of whoever holds a token, without its inbox and its sessions. */
export interface Caller extends Omit<KnownAgent, "quietMs"> {
  readonly pk: number;
}

/** What a session says of its agent. */
export interface SessionSigns {
  readonly seenAt: number;
  readonly doubt: SessionDoubt | undefined;
  readonly pushPaths: readonly PushPath[];
  /** When something that was streamed to it was last acked. */
  readonly provenAt: number | undefined;
}

/** The newest of an agent's sessions, and the newest heartbeat of all of them. */
export interface NewestSigns {
  readonly session: SessionSigns;
  readonly beatAt: number;
}

/** An agent as acts know it. */
export interface PartyRow {
  readonly pk: number;
  readonly id: AgentId;
  readonly name: string;
  readonly archived_at: number | null;
  readonly queued_count: number;
  readonly held_count: number;
  /** Queued, leased and held. */
  readonly open_count: number;
  readonly trust: Trust;
  readonly focus_until: number | null;
  readonly focus_allows: Focus["allows"] | null;
  readonly focus_reason: string | null;
}

/** An agent as a caller is known by. */
export interface CallerRow {
  readonly pk: number;
  readonly id: AgentId;
  readonly name: string;
  readonly asked_name: string | null;
  readonly profile: string;
  readonly registered_at: number;
  readonly last_seen_at: number | null;
  readonly archived_at: number | null;
  readonly trust: Trust;
  readonly person: 0 | 1;
  readonly machine: string | null;
}

/** An agent's standing. */
export interface StandingRow extends Omit<Standing, "person"> {
  readonly person: 0 | 1;
}

/** Whoever calls, of its row. */
export function callerOf(row: CallerRow): Caller {
  return {
    ...{ pk: row.pk, id: row.id, name: row.name, askedName: row.asked_name ?? undefined },
    ...{ trust: row.trust, person: row.person === 1 },
    profile: profileOf(row.profile),
    registeredAt: row.registered_at,
    lastSeenAt: row.last_seen_at ?? undefined,
    archivedAt: row.archived_at ?? undefined,
    machine: machineOf(row.machine),
  };
}

/** Profiles that were read, by their JSON: agents are looked up far more often than they change. */
const profiles = new Map<string, AgentProfile>();
/** So many are kept at most, then all are forgotten. */
const MOST_PROFILES = 1_000;

function profileOf(json: string): AgentProfile {
  const known = profiles.get(json);
  if (known) return known;
  if (profiles.size >= MOST_PROFILES) profiles.clear();
  const profile = Object.freeze(AgentProfile.parse(JSON.parse(json)));
  profiles.set(json, profile);
  return profile;
}

function machineOf(json: string | null): KnownMachine | undefined {
  return json === null ? undefined : z.object({ id: MachineId, host: z.string() }).parse(JSON.parse(json));
}

/** A caller as it is known now. */
export function knownAgent(caller: Caller, newestBeat: number | undefined, now: number): KnownAgent {
  const { id, name, askedName, trust, person, profile, registeredAt, archivedAt, machine } = caller;
  const heardAt = Math.max(newestBeat ?? 0, caller.lastSeenAt ?? 0);
  const quietMs = Math.max(0, now - Math.max(heardAt, registeredAt));
  // Written out: it is made anew for every request.
  return {
    id,
    name,
    askedName,
    trust,
    person,
    profile,
    registeredAt,
    archivedAt,
    machine,
    lastSeenAt: heardAt || undefined,
    quietMs,
  };
}

/** An agent with what its sessions and inbox say now. */
export interface AgentRow extends PartyRow {
  readonly profile: string;
  readonly registered_at: number;
  readonly last_seen_at: number | null;
  readonly asked_name: string | null;
  readonly person: 0 | 1;
  readonly machine_pk: number | null;
  readonly token_made_at: number | null;
  readonly machine: string | null;
  readonly oldest_queued_at: number | null;
  readonly webhook: string | null;
}

/** The record of an agent whose newest session is this one. */
export function agentRecord(row: AgentRow, newest: NewestSigns | undefined, now: number): AgentRecord {
  const heardAt = Math.max(newest?.beatAt ?? 0, row.last_seen_at ?? 0);
  return {
    id: row.id,
    name: row.name,
    askedName: row.asked_name ?? undefined,
    profile: profileOf(row.profile),
    registeredAt: row.registered_at,
    lastSeenAt: heardAt || undefined,
    archivedAt: row.archived_at ?? undefined,
    quietMs: Math.max(0, now - Math.max(heardAt, row.registered_at)),
    heartbeatAgeMs: newest && Math.max(0, now - newest.session.seenAt),
    doubt: newest?.session.doubt,
    pushPaths: newest ? pathsOf(newest.session) : [],
    queued: row.queued_count,
    held: row.held_count,
    inHand: row.open_count - row.queued_count - row.held_count,
    trust: row.trust,
    person: row.person === 1,
    machine: machineOf(row.machine),
    tokenMadeAt: row.token_made_at ?? undefined,
    focus: focusOf(row, now),
    oldestQueuedMs: row.oldest_queued_at === null ? undefined : Math.max(0, now - row.oldest_queued_at),
    webhook: row.webhook === null ? undefined : webhookPath(row.webhook, now),
  };
}

/** The push paths of a session, its stream with the proof that the broker has. */
export function pathsOf({ pushPaths, provenAt }: Pick<SessionSigns, "pushPaths" | "provenAt">): PushPath[] {
  return pushPaths.map((path) => (path.path === STREAM_PATH ? withProof(path, provenAt) : path));
}

/** A stream as its session described it, with the newer of that proof and the broker's own. */
function withProof(path: PushPath, at: number | undefined): PushPath {
  if (at === undefined || path.failedWhy !== undefined) return path;
  return { ...path, provenAt: timestamp(Math.max(at, Date.parse(path.provenAt ?? "") || 0)) };
}

const WebhookHealth = z.object({
  provenAt: z.number().nullable(),
  failedWhy: z.string().nullable(),
  restsUntil: z.number().nullable(),
});

function webhookPath(json: string, now: number): ListedPushPath {
  const { provenAt, failedWhy, restsUntil } = WebhookHealth.parse(JSON.parse(json));
  return {
    path: WEBHOOK_PATH,
    ...(provenAt !== null && { provenAt: timestamp(provenAt) }),
    ...(failedWhy !== null && { failedWhy }),
    ...(restsUntil !== null && restsUntil > now && { nextTryAt: timestamp(restsUntil) }),
  };
}

/** The focus an agent is in now. */
export function focusOf(
  row: Pick<PartyRow, "focus_until" | "focus_allows" | "focus_reason">,
  now: number,
): Focus | undefined {
  if (row.focus_until === null || row.focus_until <= now || row.focus_allows === null) return undefined;
  return {
    until: timestamp(row.focus_until),
    allows: row.focus_allows,
    ...(row.focus_reason !== null && { reason: row.focus_reason }),
  };
}

/** A policy as stored. */
export function policyOf(json: string | null | undefined): PolicyRules | undefined {
  return json === null || json === undefined ? undefined : Rules.parse(JSON.parse(json));
}

const Rules = z.object({
  otherwise: PolicyAction,
  senders: z.record(AgentId, PolicyAction),
  trust: z.partialRecord(PolicyClass, PolicyAction),
});
