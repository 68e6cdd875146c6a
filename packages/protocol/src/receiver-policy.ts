/** Receiver policy: whose messages an agent takes, holds for a person to look at, or refuses. */
import * as z from "zod";
import { Party } from "./agent-party.ts";
import { TrustClass } from "./message/trust-class.ts";
import { object, strictObject } from "./shapes/lazy-object.ts";

/** What happens to a message: into the inbox; kept aside until somebody admits or refuses it; not stored at all. */
export const PolicyAction = z.enum(["accept", "hold", "refuse"]);
export type PolicyAction = z.infer<typeof PolicyAction>;

const MAX_RULES = 100;

/** What a rule may name beside single senders: a trust class, or `verified`, all of them but `unverified`. */
export const PolicyClass = z.enum([...TrustClass.options, "verified"]);
export type PolicyClass = z.infer<typeof PolicyClass>;

/**
 * Rules for single senders come first, then those for trust classes, the closest first (`same-repo` before `same-machine` or
 * `remote`, then `verified`), then `otherwise`. Notices of the mesh and answers to what the agent itself has sent are always
 * accepted.
 */
export const ReceiverPolicy = object(() => ({
  otherwise: PolicyAction,
  senders: z.array(z.object({ agent: Party, action: PolicyAction })),
  trust: z.partialRecord(PolicyClass, PolicyAction),
}));
export type ReceiverPolicy = z.infer<typeof ReceiverPolicy>;

/** Replaces an agent's policy; what is left out is accepted. */
export const SetPolicyRequest = strictObject(() => ({
  otherwise: PolicyAction.default("accept"),
  senders: z
    .array(
      z.strictObject({
        agent: z.string().min(1).max(128).meta({ description: "name or id; the rule stays with this agent" }),
        action: PolicyAction,
      }),
    )
    .max(MAX_RULES)
    .default([]),
  trust: z.partialRecord(PolicyClass, PolicyAction).default({}),
}));
export type SetPolicyRequest = z.infer<typeof SetPolicyRequest>;
