/** The Store's verbs that list agents, their names and sessions, and count all there is. */
import type { Looks } from "../../../mesh/store/looks.ts";
import type { Store } from "../../../mesh/store.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs that list. */
export function listingVerbs({
  read,
}: VerbParts): Pick<
  Looks,
  "namesAround" | "namesAmong" | "agentsByName" | "namesakes" | "agentsByAge" | "sessionsAfter"
> &
  Pick<Store, "stats"> {
  return {
    namesAround: (text, limit) => read(({ names }) => names.around(text, limit)),
    namesAmong: (wanted) => read(({ names }) => names.among(wanted)),
    agentsByName: (archived, after, limit) =>
      read(({ agentPages }) =>
        archived
          ? agentPages.archivedByName(after?.name ?? "", after?.id ?? "", limit)
          : agentPages.presentByName(after?.name ?? "", limit),
      ),
    namesakes: (names, limit) => read(({ agentPages }) => agentPages.namesakes(names, limit)),
    agentsByAge: (after, limit) =>
      read(({ agentPages }) => agentPages.byAge(after?.registeredAt ?? 0, after?.id ?? "", limit)),
    sessionsAfter: (after, limit) =>
      read(async ({ sessions }, { now }) =>
        (await sessions.behind(after ?? "", limit)).map(({ id, seenAt, agentId }) => ({
          ...{ id, agentId },
          heartbeatAgeMs: Math.max(0, now - seenAt),
        })),
      ),
    stats: () =>
      read(async ({ agentPages }) => ({
        deliveries: await agentPages.deliveries(),
        agents: await agentPages.agents(),
        bytes: await agentPages.bytes(),
      })),
  };
}
