/** The part of the Store port about who may come in: machines, invites, tokens that are void, the audit log. */
import type { AgentId, InviteId, MachineId } from "@agentmesh/protocol";
import type {
  AuditNote,
  AuditRecord,
  Bounce,
  By,
  CallingMachine,
  InviteOver,
  InviteRecord,
  InviteToMake,
  JoinVerdict,
  MachineRecord,
  MachineToJoin,
  VoidToken,
} from "../records/index.ts";

/** What the mesh needs kept of them. */
export interface AccessStore {
  /** Makes an invite; the same secret again is the same invite, or says why that is over, or that there are too many. */
  makeInvite(invite: InviteToMake, by: By): Promise<InviteRecord | InviteOver | "full">;
  /** Those that can be used, the newest first. */
  listInvites(limit: number): Promise<InviteRecord[]>;
  /** False when it was over before, or there is none. */
  takeBackInvite(id: InviteId, by: By): Promise<boolean>;
  /** Whether an invite with this secret was made, be it over. */
  knowsInvite(secretHash: string): Promise<boolean>;
  /** Uses an invite: the machine is in the mesh by its token. The same secret and token again are the same machine. */
  joinMachine(machine: MachineToJoin): Promise<JoinVerdict>;
  /** By its token, or the one before within the overlap; none that was revoked. */
  machineByToken(tokenHash: string): Promise<CallingMachine | undefined>;
  /** Hashes of the tokens that a machine may show now; none of one that is out, or not known. */
  machineHashes(id: string): Promise<string[]>;
  /**
   * Deliveries or messages whose ids begin so, that agents of a machine have to do with which are there, each with that agent: of
   * a delivery its recipient, else its sender; of a message its sender, else one who got it. Six at most. @throws MeshError other_life
   */
  partiesOf(id: MachineId, beginning: string): Promise<{ readonly id: string; readonly agent: AgentId }[]>;
  /** Notes a call of a machine, and where it came from. */
  noteMachine(id: MachineId, address: string | undefined): Promise<void>;
  /** Of this id, or of this host name and not revoked. */
  findMachines(idOrHost: string): Promise<MachineRecord[]>;
  /** The newest first; those that were revoked on request. */
  listMachines(all: boolean, limit: number): Promise<MachineRecord[]>;
  /**
   * Puts a machine out: at once its credential and its agents' tokens are void for good and its agents have left, a slice at a
   * time where there are many; their mail dies by `endRemoved`. Returns how many have left.
   */
  revokeMachine(id: MachineId, how: "revoked" | "left", by: By): Promise<number>;
  /** Lets the agents of revoked machines leave that were there when the broker was stopped on the way; up to `limit`. */
  leaveRevoked(limit: number): Promise<number>;
  /** Removes an agent as `removeAgent` does, and its token is void for good. */
  revokeAgent(agentId: AgentId, by: By, bounce?: Bounce): Promise<number>;
  /** Whose token this was, if it is void for good. */
  voidToken(tokenHash: string): Promise<VoidToken | undefined>;
  /**
   * Gives an agent or a machine another token; the one before is good for `overlapMs`. Says until when, undefined when it has
   * this token already; `taken` when somebody else has, or had it.
   */
  rotateToken(
    id: AgentId | MachineId,
    tokenHash: string,
    overlapMs: number,
    by: By,
  ): Promise<number | undefined | "taken">;
  /** Notes in the audit log what no other act notes. */
  noteAudit(note: AuditNote): Promise<void>;
  /** Entries behind a number, the oldest first; without one the newest. */
  listAudit(after: number | undefined, limit: number): Promise<AuditRecord[]>;
  /** Keeps the newest `most` entries, and nothing of invites that are over for long. */
  pruneAccess(most: number, invitesOverMs: number): Promise<void>;
}
