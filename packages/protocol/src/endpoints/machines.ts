/** Endpoints of machines that join, of the invites by which they do, and of the audit log. */
import * as z from "zod";
import { AuditEntry } from "../access/audit.ts";
import {
  Invite,
  InviteReply,
  InviteRequest,
  JoinedMachine,
  JoinReply,
  JoinRequest,
  RotateTokenReply,
  RotateTokenRequest,
} from "../access/machine.ts";
import { endpoint, number } from "../endpoint.ts";
import { InviteId } from "../ids.ts";
import { MAX_WAIT_MS } from "../limits.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";

const machineParam = strictObject(() => ({
  machine: z.string().min(1).max(128).meta({ description: "id or host name; me is the machine that calls" }),
}));

/** Their rows. */
export const machinesEndpoints = {
  invite: endpoint({
    method: "POST",
    path: "/v1/invites",
    summary: "Make an invite: whoever has its secret joins once, within its time.",
    access: "key",
    repeatable: true,
    body: InviteRequest,
    status: 201,
    reply: InviteReply,
    errors: ["quota_full", "invite_over"],
  }),

  listInvites: endpoint({
    method: "GET",
    path: "/v1/invites",
    summary: "Invites that can still be used, the newest first.",
    access: "key",
    repeatable: true,
    status: 200,
    reply: object(() => ({ invites: z.array(Invite) })),
    errors: [],
  }),

  takeBackInvite: endpoint({
    method: "DELETE",
    path: "/v1/invites/:invite",
    summary: "Take an invite back: nobody joins with it any more.",
    access: "key",
    repeatable: true,
    params: strictObject(() => ({ invite: InviteId })),
    status: 200,
    reply: object(() => ({ takenBack: z.boolean().meta({ description: "false when it was used or over before" }) })),
    errors: [],
  }),

  joinMesh: endpoint({
    method: "POST",
    path: "/v1/join",
    summary: "Join with the secret of an invite: the token in the body is this machine's credential from now on.",
    access: "public",
    repeatable: true,
    body: JoinRequest,
    status: 200,
    reply: JoinReply,
    errors: ["invite_over", "quota_full"],
  }),

  listMachines: endpoint({
    method: "GET",
    path: "/v1/machines",
    summary: "Machines that joined, the newest first; those that were revoked on request.",
    access: "key",
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      which: z.enum(["present", "all"]).default("present"),
      limit: number(1, 1000).default(256),
    })),
    status: 200,
    reply: object(() => ({ machines: z.array(JoinedMachine) })),
    errors: [],
  }),

  revokeMachine: endpoint({
    method: "DELETE",
    path: "/v1/machines/:machine",
    summary:
      "Put a machine out: its credential and its agents' tokens are void for good, its agents leave the mesh. A machine may put itself out.",
    access: "key",
    machine: true,
    repeatable: true,
    params: machineParam,
    status: 200,
    reply: object(() => ({
      machine: JoinedMachine,
      agents: z.int().nonnegative().meta({ description: "that left with it" }),
    })),
    errors: ["machine_not_found"],
  }),

  rotateToken: endpoint({
    method: "PUT",
    path: "/v1/token",
    summary:
      "Exchange the token of this call, an agent's or a machine's, for a new one; the one before is good for a while beside it.",
    access: "agent",
    machine: true,
    repeatable: true,
    body: RotateTokenRequest,
    status: 200,
    reply: RotateTokenReply,
    errors: ["token_revoked"],
  }),

  audit: endpoint({
    method: "GET",
    path: "/v1/audit",
    summary: "Who registered, joined, was refused, was revoked, changed a policy; the oldest first, behind a number.",
    access: "key",
    repeatable: true,
    query: strictObject(() => ({
      after: z.coerce.number().int().min(0).optional().meta({ description: "left out: the newest ones" }),
      limit: number(1, 1000).default(100),
      waitMs: number(0, MAX_WAIT_MS).default(0).meta({ description: "wait this long for a first entry" }),
    })),
    status: 200,
    reply: object(() => ({ entries: z.array(AuditEntry), next: z.int().nonnegative() })),
    errors: [],
  }),
} as const;
