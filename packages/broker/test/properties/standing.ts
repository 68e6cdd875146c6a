/** How a message comes to its recipient, as an outsider knows it: by how both were registered. */
import type { MachineId, PolicyAction, TrustClass } from "@agentmesh/protocol";
import type { AgentHistory, StandingHistory } from "./history-records.ts";

/** Repositories that agents of the pool work in, by their remote URL. */
export const REPOS = ["git.acme.test/shop", "git.acme.test/notes"] as const;

/** What a name of the pool stands for: ada is a person's agent, abe that of a machine's, dee comes by the predecessor's wire. */
export function standingOf(name: string, repoUrl: string, machine?: MachineId): StandingHistory {
  return { person: name === "ada" || name === "abe", unverified: name === "dee", repoUrl, machine };
}

/** The class that a message of one to the other is stamped with when it is accepted. */
export function classOf({ standing: from }: AgentHistory, { standing: to }: AgentHistory): TrustClass {
  const remote = from.machine !== to.machine;
  if (from.unverified) return "unverified";
  if (from.person && (from.machine === undefined || !remote)) return "operator";
  if (from.repoUrl === to.repoUrl) return "same-repo";
  return remote ? "remote" : "same-machine";
}

/** What the receiver's policy does with what a sender writes: the closest rule decides. */
export function actionOf(sender: AgentHistory, receiver: AgentHistory): PolicyAction {
  const { policy } = receiver;
  const came = classOf(sender, receiver);
  const wider = sender.standing.machine === receiver.standing.machine ? "same-machine" : "remote";
  const rules = [
    policy?.senders[sender.id],
    policy?.trust[came],
    came === "same-repo" ? policy?.trust[wider] : undefined,
    came === "unverified" ? undefined : policy?.trust.verified,
    policy?.otherwise,
  ];
  return rules.find((rule) => rule !== undefined) ?? "accept";
}
