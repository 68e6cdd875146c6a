/** The records of machines, invites and the audit log that go through the Store port. */
import type { AuditAct, AuditBy, InviteId, InviteKind, MachineId } from "@agentmesh/protocol";

/** A machine as its agents and its credential are known by. */
export interface KnownMachine {
  readonly id: MachineId;
  readonly host: string;
}

/** A machine as whoever calls with its credential is known. */
export interface CallingMachine extends KnownMachine {
  readonly kind: InviteKind;
  readonly names: string | undefined;
  /** Last call with its credential. */
  readonly calledAt: number | undefined;
}

/** A machine as stored, with how many agents it has. */
export interface MachineRecord extends CallingMachine {
  readonly version: string | undefined;
  readonly address: string | undefined;
  readonly joinedAt: number;
  readonly lastSeenAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** When its credential was made or exchanged last. */
  readonly tokenMadeAt: number;
  readonly agents: number;
  readonly online: number;
}

/** An invite that can be used. */
export interface InviteRecord {
  readonly id: InviteId;
  readonly kind: InviteKind;
  readonly names: string | undefined;
  readonly madeAt: number;
  readonly expiresAt: number;
}

/** An invite to make. */
export interface InviteToMake {
  readonly id: InviteId;
  readonly secretHash: string;
  readonly kind: InviteKind;
  readonly names: string | undefined;
  readonly forMs: number;
  /** So many may be open. */
  readonly most: number;
}

/** What made of an invite something that nobody joins with. */
export type InviteOver = "used" | "expired" | "taken_back";

/** A machine that joins. */
export interface MachineToJoin {
  readonly id: MachineId;
  readonly secretHash: string;
  readonly tokenHash: string;
  readonly host: string;
  readonly version: string | undefined;
  readonly address: string | undefined;
  /** So many may be in the mesh. */
  readonly most: number;
}

/** What became of joining. */
export type JoinVerdict =
  | { readonly kind: "joined"; readonly machine: MachineRecord }
  | { readonly kind: "full" }
  | { readonly kind: "unknown" }
  | { readonly kind: "over"; readonly why: InviteOver; readonly at: number };

/** Who did what is noted in the audit log. */
export type By = AuditBy;

/** What is noted. */
export interface AuditNote {
  readonly act: AuditAct;
  readonly by: By;
  readonly about?: { readonly id?: string | undefined; readonly name?: string | undefined } | undefined;
  readonly why?: string | undefined;
}

/** An entry of the audit log. */
export interface AuditRecord extends AuditNote {
  readonly seq: number;
  readonly at: number;
}

/** Whose a token was that is void for good. */
export interface VoidToken {
  readonly name: string;
  readonly at: number;
}
