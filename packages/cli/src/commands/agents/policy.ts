/** `agentmesh policy`: whose messages an agent accepts, holds or refuses. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import {
  oneOf,
  PolicyAction,
  PolicyClass,
  plainLine,
  type ReceiverPolicy,
  type SetPolicyRequest,
  TrustClass,
} from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { typed } from "../../option-values.ts";
import { jsonText, print, warn } from "../../terminal/output.ts";

/** Options of `policy`; what is not named stays as it is. */
export interface PolicyOptions {
  readonly accept?: string[];
  readonly hold?: string[];
  readonly refuse?: string[];
  readonly forget?: string[];
  readonly operator?: string;
  readonly sameRepo?: string;
  readonly sameMachine?: string;
  readonly remote?: string;
  readonly unverified?: string;
  readonly otherwise?: string;
}

/** Shows a policy, after changing what the options name. @throws MeshApiError, CommandError */
export async function policy(context: Context, agent: string, options: PolicyOptions): Promise<void> {
  const admin = await context.admin();
  const before = await admin.getPolicy({ agent });
  const forgotten = new Map<string, Rule | undefined>();
  for (const name of options.forget ?? []) forgotten.set(name, await ruleFor(admin, before, name));
  const after =
    Object.keys(options).length === 0
      ? before
      : await admin.setPolicy({ agent, ...changed(before, options, forgotten) });
  if (context.json) return print(jsonText(after));
  for (const [name, rule] of forgotten) if (!rule) warn(`There was no rule for ${plainLine(name)}.`);
  for (const { agent: sender, action } of after.senders) await print(`${action.padEnd(7)} ${plainLine(sender.name)}`);
  for (const [name, who] of Object.entries(CLASSES)) {
    const action = after.trust[PolicyClass.parse(name)];
    if (action) await print(`${action.padEnd(7)} ${who}`);
  }
  const rest = after.senders.length > 0 || Object.keys(after.trust).length > 0 ? "everybody else" : "everybody";
  await print(`${after.otherwise.padEnd(7)} ${rest}`);
}

/** Trust classes in words, the closest first. */
const CLASSES: Readonly<Record<PolicyClass, string>> = {
  operator: "you, at the command line",
  "same-repo": "agents of its repository",
  "same-machine": "agents of its machine",
  remote: "agents of other machines",
  verified: "agents with a token",
  unverified: "unverified agents",
};

/** What commander makes of the option's name. */
function inOptions(each: TrustClass): "operator" | "sameRepo" | "sameMachine" | "remote" | "unverified" {
  if (each === "same-repo") return "sameRepo";
  return each === "same-machine" ? "sameMachine" : each;
}

function changed(
  before: ReceiverPolicy,
  options: PolicyOptions,
  forgotten: ReadonlyMap<string, Rule | undefined>,
): Omit<SetPolicyRequest, "agent"> {
  const rules = new Map(before.senders.map(({ agent, action }) => [agent.name, action]));
  for (const action of PolicyAction.options) for (const name of options[action] ?? []) rules.set(name, action);
  for (const rule of forgotten.values()) if (rule) rules.delete(rule.agent.name);
  const trust = { ...before.trust };
  for (const each of TrustClass.options) {
    const action = options[inOptions(each)];
    if (action !== undefined) trust[each] = typed(`--${each}`, oneOf(PolicyAction.options), action);
  }
  return {
    otherwise:
      options.otherwise === undefined
        ? before.otherwise
        : typed("--otherwise", oneOf(PolicyAction.options), options.otherwise),
    senders: [...rules].map(([agent, action]) => ({ agent, action })),
    trust,
  };
}

type Rule = ReceiverPolicy["senders"][number];

/** The rule for a sender by what it is called there, also when it has left; else by short id or former name. @throws MeshApiError */
async function ruleFor(admin: MeshClient, { senders }: ReceiverPolicy, sender: string): Promise<Rule | undefined> {
  const named = senders.find(({ agent }) => agent.name === sender || agent.id === sender);
  if (named) return named;
  try {
    const { id } = await admin.getAgent({ agent: sender });
    return senders.find(({ agent }) => agent.id === id);
  } catch (error) {
    if (error instanceof MeshApiError && error.code === "agent_not_found") return undefined;
    throw error;
  }
}
