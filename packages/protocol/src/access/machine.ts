/** Machines: computers that joined the mesh, each with a credential of its own. */
import * as z from "zod";
import { AgentToken } from "../agent.ts";
import { InviteId, MachineId } from "../ids.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { NamePattern } from "./name-pattern.ts";

/** What an invite lets in: a machine with any number of agents, or one agent alone, as a job of CI. */
export const InviteKind = z.enum(["machine", "agent"]);
export type InviteKind = z.infer<typeof InviteKind>;

/** Secret of a machine: `amm_` and at least 43 base64url characters (256 bits). */
export const MachineToken = z
  .string()
  .regex(/^amm_[A-Za-z0-9_-]{43,86}$/, "amm_ and 43 to 86 base64url characters")
  .meta({ description: "secret that acts for the agents of this machine; the broker stores its SHA-256 only" });
export type MachineToken = z.infer<typeof MachineToken>;

/** Secret of an invite: `ami_` and at least 43 base64url characters (256 bits). */
export const InviteSecret = z
  .string()
  .regex(/^ami_[A-Za-z0-9_-]{43,86}$/, "ami_ and 43 to 86 base64url characters")
  .meta({ description: "secret of one invite; the broker stores its SHA-256 only" });
export type InviteSecret = z.infer<typeof InviteSecret>;

/** Name of a machine, as it says it. */
export const HostName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "1 to 63 letters, digits, . _ - and a letter or digit first");
export type HostName = z.infer<typeof HostName>;

/** How long an invite is good when nothing is said, in milliseconds: 15 minutes; from 10 seconds to 7 days. */
export const DEFAULT_INVITE_MS = 900_000;
export const MIN_INVITE_MS = 10_000;
export const MAX_INVITE_MS = 604_800_000;

/** How many machines a mesh has at most, those that were revoked left out; and how many invites wait to be used. */
export const MAX_MACHINES = 256;
export const MAX_INVITES = 256;

/** A computer that joined. */
export const JoinedMachine = object(() => ({
  id: MachineId,
  host: HostName,
  kind: InviteKind,
  names: NamePattern.optional().meta({ description: "which names its agents have; left out for any" }),
  agents: z.int().nonnegative().meta({ description: "its agents that are in the mesh" }),
  online: z.int().nonnegative().meta({ description: "those with a session" }),
  version: z.string().optional().meta({ description: "of the program that joined" }),
  address: z.string().optional().meta({ description: "where its last call with the machine credential came from" }),
  joinedAt: Timestamp,
  tokenMadeAt: Timestamp.meta({ description: "when its credential was made, or exchanged last" }),
  lastSeenAt: Timestamp.optional().meta({
    description: "last call of the machine or of one of its agents, to the minute",
  }),
  revokedAt: Timestamp.optional().meta({ description: "since then its credential and those of its agents are void" }),
}));
export type JoinedMachine = z.infer<typeof JoinedMachine>;

/** One use of a short time, for a machine that is to join. */
export const Invite = object(() => ({
  id: InviteId,
  kind: InviteKind,
  names: NamePattern.optional(),
  madeAt: Timestamp,
  expiresAt: Timestamp,
}));
export type Invite = z.infer<typeof Invite>;

/** Makes an invite. The same secret is the same invite, so that the call may be repeated. */
export const InviteRequest = strictObject(() => ({
  secret: InviteSecret,
  kind: InviteKind.default("machine"),
  names: NamePattern.optional(),
  forMs: z.int().min(MIN_INVITE_MS).max(MAX_INVITE_MS).default(DEFAULT_INVITE_MS),
}));
export type InviteRequest = z.infer<typeof InviteRequest>;

/** The invite, and what its line says of the broker. */
export const InviteReply = object(() => ({
  invite: Invite,
  urls: z.array(z.string()).meta({ description: "addresses of the broker for another machine, the best first" }),
  ca: z.string().optional().meta({ description: "pin: SHA-256 of the certificate authority's DER, in hex" }),
}));
export type InviteReply = z.infer<typeof InviteReply>;

/** Joins with the secret of an invite. The same secret and token again are the same machine. */
export const JoinRequest = strictObject(() => ({
  secret: InviteSecret,
  token: MachineToken,
  host: HostName,
  version: z.string().min(1).max(64).optional(),
}));
export type JoinRequest = z.infer<typeof JoinRequest>;

/** How long the token before a rotation is good beside the new one, in milliseconds: an hour, at most 7 days. */
export const TOKEN_OVERLAP_MS = 3_600_000;
export const MAX_TOKEN_OVERLAP_MS = 604_800_000;

/** Exchanges the token of the call for a new one that the caller made. With the new one again, nothing more is done. */
export const RotateTokenRequest = strictObject(() => ({
  token: z.union([AgentToken, MachineToken]).meta({ description: "of the kind that the call is made with" }),
  overlapMs: z.int().min(0).max(MAX_TOKEN_OVERLAP_MS).default(TOKEN_OVERLAP_MS),
}));
export type RotateTokenRequest = z.infer<typeof RotateTokenRequest>;

/** Until when the token before is good. */
export const RotateTokenReply = object(() => ({ formerUntil: Timestamp.optional() }));
export type RotateTokenReply = z.infer<typeof RotateTokenReply>;

/** The machine as it joined. */
export const JoinReply = object(() => ({ machine: JoinedMachine }));
export type JoinReply = z.infer<typeof JoinReply>;
