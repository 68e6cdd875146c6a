/** The audit log: who came in, was refused or was put out, and who changed what decides over that. Never a secret. */
import * as z from "zod";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";

/** What was done. */
export const AuditAct = z.enum([
  "agent_registered",
  "agent_removed",
  "agent_revoked",
  "invite_made",
  "invite_taken_back",
  "join_refused",
  "machine_joined",
  "machine_left",
  "machine_revoked",
  "call_refused",
  "token_refused",
  "policy_changed",
  "token_rotated",
  "hook_made",
  "card_set",
  "card_removed",
  "page_code_made",
  "page_link_made",
  "page_link_revoked",
  "page_refused",
  "page_signed_in",
  "page_signed_out",
]);
export type AuditAct = z.infer<typeof AuditAct>;

/** Who did it: one agent, a machine, the owner of the mesh key, the same at the page, somebody without a valid token, or the broker itself. */
export const AuditBy = object(() => ({
  kind: z.enum(["agent", "machine", "key", "page", "nobody", "broker"]),
  id: z.string().optional(),
  name: z.string().optional().meta({ description: "of an agent its name, of a machine its host" }),
  address: z
    .string()
    .optional()
    .meta({ description: "where the call came from, of those without a valid token and of who signs in at the page" }),
}));
export type AuditBy = z.infer<typeof AuditBy>;

/** One entry. */
export const AuditEntry = object(() => ({
  seq: z.int().positive(),
  at: Timestamp,
  act: AuditAct,
  by: AuditBy,
  about: object(() => ({ id: z.string().optional(), name: z.string().optional() }))
    .optional()
    .meta({ description: "the agent, machine or invite that it was done to" }),
  why: z.string().optional().meta({ description: "more of it, in a few words" }),
}));
export type AuditEntry = z.infer<typeof AuditEntry>;

/** How many entries are kept; the oldest go first. */
export const MAX_AUDIT_ENTRIES = 10_000;
