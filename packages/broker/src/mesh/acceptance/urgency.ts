/** Urgency and focus: what is pushed now, and what a sender is told of it. */
import type { Agent, AppliedRule, DeliveryState, Focus, Urgency } from "@agentmesh/protocol";
import { quoted } from "@agentmesh/protocol";
import { webhookOf } from "../webhook/path.ts";

const WEIGHT: Readonly<Record<Urgency, number>> = { fyi: 0, normal: 1, interrupt: 2 };
const MORE_THAN_ANY = 3;

/** Urgency as the store keeps it: the higher, the more urgent. */
export function urgencyWeight(urgency: Urgency): number {
  return WEIGHT[urgency];
}

/** The urgency of a weight. */
export function urgencyOf(weight: number): Urgency {
  return weight >= WEIGHT.interrupt ? "interrupt" : weight <= WEIGHT.fyi ? "fyi" : "normal";
}

/** The least weight that a focus lets a stream have. */
export function focusWeight(allows: Focus["allows"] | undefined): number {
  if (allows === undefined) return WEIGHT.fyi;
  return allows === "interrupt" ? WEIGHT.interrupt : MORE_THAN_ANY;
}

/** The focus whose end a message of this urgency waits for, if there is one. */
export function focusBefore(urgency: Urgency, { focus }: Pick<Agent, "focus">): Focus | undefined {
  return focus !== undefined && WEIGHT[urgency] < focusWeight(focus.allows) ? focus : undefined;
}

/** Which rule decided how this delivery is brought to its recipient. */
export function appliedRule(urgency: Urgency, state: DeliveryState, agent: Agent): AppliedRule {
  const { name } = agent;
  if (state === "held") {
    return {
      code: "held",
      detail: `${name} holds messages of this sender: it gets this one when somebody admits it (agentmesh held).`,
    };
  }
  if (urgency === "fyi") {
    return {
      code: "fyi",
      detail: `fyi wakes no session: it rests in the inbox until ${name} looks, or takes it by a stream or webhook that asks for everything.`,
    };
  }
  const focus = focusBefore(urgency, agent);
  if (focus) return { code: "focus", detail: focusText(agent, focus) };
  if (urgency === "interrupt") {
    const through = agent.focus === undefined ? "" : `, through the focus of ${name}`;
    return { code: "interrupt", detail: `interrupt goes before everything that waits${through}.` };
  }
  const away = agent.presence === "offline" && !webhookOf(agent);
  const when = away ? "as soon as it has a session" : "at once";
  return { code: "normal", detail: `normal is brought to ${name} ${when}, in the order of acceptance.` };
}

/** A focus in a sentence. */
export function focusText({ name }: Pick<Agent, "name">, { until, allows, reason }: Focus): string {
  const why = reason === undefined ? "" : ` (${quoted(reason)})`;
  const rest = allows === "interrupt" ? "only interrupts are pushed" : "nothing is pushed";
  return `${name} is in focus until ${until}${why}: ${rest} until then.`;
}
