/** Rows of invites as an engine returns them, and the records the mesh gets. */
import type { InviteId, InviteKind } from "@agentmesh/protocol";
import type { InviteOver, InviteRecord } from "../../../mesh/store.ts";

/** An invite as stored. */
export interface InviteRow {
  readonly pk: number;
  readonly id: InviteId;
  readonly kind: InviteKind;
  readonly names: string | null;
  readonly made_at: number;
  readonly expires_at: number;
  readonly machine_pk: number | null;
  readonly used_at: number | null;
  readonly taken_back_at: number | null;
}

/** Columns of an invite. */
export const INVITE_COLUMNS = `pk, id, kind, names, made_at, expires_at, machine_pk, used_at, taken_back_at`;

/** The record of an invite. */
export function inviteRecord({ id, kind, names, made_at, expires_at }: InviteRow): InviteRecord {
  return { id, kind, names: names ?? undefined, madeAt: made_at, expiresAt: expires_at };
}

/** Why nobody joins with an invite any more, and since when; undefined for one that can be used. */
export function inviteOver(row: InviteRow, now: number): { readonly why: InviteOver; readonly at: number } | undefined {
  if (row.used_at !== null) return { why: "used", at: row.used_at };
  if (row.taken_back_at !== null) return { why: "taken_back", at: row.taken_back_at };
  return row.expires_at <= now ? { why: "expired", at: row.expires_at } : undefined;
}
