/** Machines as an engine returns them, and the records the mesh gets. */
import type { InviteKind, MachineId } from "@agentmesh/protocol";
import type { CallingMachine, MachineRecord } from "../../../mesh/store.ts";

/** A machine as stored. */
export interface MachineRow {
  readonly pk: number;
  readonly id: MachineId;
  readonly host: string;
  readonly kind: InviteKind;
  readonly names: string | null;
  readonly version: string | null;
  readonly address: string | null;
  readonly joined_at: number;
  readonly last_seen_at: number | null;
  readonly revoked_at: number | null;
  readonly token_made_at: number;
}

/** Columns of a machine. */
export const MACHINE = `
  SELECT pk, id, host, kind, names, version, address, joined_at, last_seen_at, revoked_at, token_made_at FROM machine`;

/** How many agents a machine has, how many of them have a session, and when one of them was heard of last. */
export interface ItsAgents {
  readonly agents: number;
  readonly online: number;
  readonly heardAt: number;
}

/** A machine that calls. */
export function callingMachine(row: MachineRow): CallingMachine {
  return {
    ...{ id: row.id, host: row.host, kind: row.kind, names: row.names ?? undefined },
    calledAt: row.last_seen_at ?? undefined,
  };
}

/** The record of a machine with these agents. */
export function machineRecord(row: MachineRow, { agents, online, heardAt }: ItsAgents): MachineRecord {
  return {
    ...callingMachine(row),
    ...{ version: row.version ?? undefined, address: row.address ?? undefined, joinedAt: row.joined_at },
    lastSeenAt: Math.max(row.last_seen_at ?? 0, heardAt) || undefined,
    revokedAt: row.revoked_at ?? undefined,
    tokenMadeAt: row.token_made_at,
    ...{ agents, online },
  };
}
