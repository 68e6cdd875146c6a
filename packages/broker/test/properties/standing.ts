/** How a message comes to its recipient, as an outsider knows it: by how both were registered. */
import type { PolicyAction, TrustClass } from "@agentmesh/protocol";
import type { AgentHistory, StandingHistory } from "./history-records.ts";

/** Repositories that agents of the pool work in, by their remote URL. */
export const REPOS = ["git.acme.test/shop", "git.acme.test/notes"] as const;

/** What a name of the pool stands for: ada is a person's agent, dee comes by the predecessor's wire. */
export function standingOf(name: string, repoUrl: string): StandingHistory {
  return { person: name === "ada", unverified: name === "dee", repoUrl };
}

/** The class that a message of one to the other is stamped with when it is accepted. */
export function classOf({ standing: from }: AgentHistory, { standing: to }: AgentHistory): TrustClass {
  if (from.unverified) return "unverified";
  if (from.person) return "operator";
  return from.repoUrl === to.repoUrl ? "same-repo" : "same-machine";
}

/** What the receiver's policy does with what a sender writes: the closest rule decides. */
export function actionOf(sender: AgentHistory, receiver: AgentHistory): PolicyAction {
  const { policy } = receiver;
  const came = classOf(sender, receiver);
  const wider = { "same-repo": "same-machine" } as const;
  const rules = [
    policy?.senders[sender.id],
    policy?.trust[came],
    came === "same-repo" ? policy?.trust[wider[came]] : undefined,
    came === "unverified" ? undefined : policy?.trust.verified,
    policy?.otherwise,
  ];
  return rules.find((rule) => rule !== undefined) ?? "accept";
}
