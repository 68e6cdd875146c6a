/** What waits for a person, found in what the page knows: one list, the worst first. */
import type { Agent, BrokerStatus, InboxEntry, OpenAsk } from "@agentmesh/protocol";
import { oldestMs, type SeenAgent } from "../state/ages.ts";

/** One thing that waits. */
export type Need =
  | {
      readonly kind: "question";
      readonly key: string;
      readonly since: string;
      readonly ask: OpenAsk;
      readonly mine: boolean;
    }
  | { readonly kind: "held"; readonly key: string; readonly since: string; readonly entry: InboxEntry }
  | {
      readonly kind: "dead";
      readonly key: string;
      readonly since: string;
      /** Those of one agent, for one reason. */
      readonly entries: readonly InboxEntry[];
      readonly reason: string;
    }
  | { readonly kind: "overdue"; readonly key: string; readonly since: string; readonly ask: OpenAsk }
  | {
      readonly kind: "push" | "webhook";
      readonly key: string;
      readonly since: string;
      readonly agent: Agent;
      readonly path: string;
      readonly why: string;
    }
  | {
      readonly kind: "backlog" | "mail" | "nearly_full";
      readonly key: string;
      readonly since: string;
      readonly agent: Agent;
      readonly why: string;
    }
  | { readonly kind: "disk"; readonly key: string; readonly since: string; readonly why: string };

/** A question without an answer, and whether a person has read it: then it waits in the inbox no more. */
export type SeenAsk = OpenAsk & { readonly isRead?: boolean };

/** What it is found in. */
interface Looked {
  readonly agents: readonly SeenAgent[];
  readonly dead: readonly InboxEntry[];
  readonly held: readonly InboxEntry[];
  readonly asks: readonly SeenAsk[];
  readonly status: BrokerStatus | undefined;
  /** The id of whom the page writes as. */
  readonly person: string | undefined;
  readonly now: number;
}

/** The worst first: what nobody but a person ends, then what is lost if nobody comes, then what goes slowly. */
const ORDER: readonly Need["kind"][] = [
  "disk",
  "question",
  "held",
  "dead",
  "nearly_full",
  "overdue",
  "webhook",
  "push",
  "backlog",
  "mail",
];

/** A message that waits this long for an agent that is online is a backlog. */
const BACKLOG_MS = 120_000;
const BACKLOG = 25;
/** An inbox with this part of its room taken is nearly full. */
const NEARLY = 0.8;

/** What waits for a person, the worst first, of each kind the oldest first. */
export function needsOf(looked: Looked): Need[] {
  const persons = new Set(looked.agents.filter((agent) => agent.person).map(({ id }) => id));
  const isoNow = new Date(looked.now).toISOString();
  const found: Need[] = [
    ...disk(looked, isoNow),
    ...looked.asks.flatMap((ask) => ofAsk(ask, persons, looked.person)),
    ...looked.held.map((entry) => ({
      kind: "held" as const,
      key: `held ${entry.id}`,
      since: entry.message.acceptedAt,
      entry,
    })),
    ...deadOf(looked.dead),
    ...looked.agents.flatMap((agent) => ofAgent(agent, looked, isoNow)),
  ];
  const rank = (need: Need) => ORDER.indexOf(need.kind);
  return found.sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since) || a.key.localeCompare(b.key));
}

function ofAsk(ask: OpenAsk, persons: ReadonlySet<string>, person: string | undefined): Need[] {
  if (persons.has(ask.to.id)) {
    const mine = ask.to.id === person;
    return [{ kind: "question", key: `question ${ask.messageId}`, since: ask.askedAt, ask, mine }];
  }
  return ask.overdue ? [{ kind: "overdue", key: `overdue ${ask.messageId}`, since: ask.dueAt, ask }] : [];
}

function deadOf(dead: readonly InboxEntry[]): Need[] {
  const groups = Map.groupBy(dead, ({ to, reason }) => `dead ${to.id} ${reason ?? ""}`);
  return [...groups].map(([key, entries]) => ({
    kind: "dead",
    key,
    since: entries.map(({ message }) => message.acceptedAt).sort()[0] ?? "",
    entries,
    reason: entries[0]?.reason ?? "no reason was noted",
  }));
}

function ofAgent(agent: SeenAgent, { status, asks, now }: Looked, isoNow: string): Need[] {
  const oldest = oldestMs(agent, now);
  const since = oldest === undefined ? isoNow : new Date(now - oldest).toISOString();
  const online = agent.presence === "online";
  const failing = agent.pushPaths
    .filter((path) => path.failedWhy !== undefined)
    .map(({ path, failedWhy = "", nextTryAt, provenAt }): Need => {
      const webhook = path === "webhook";
      const kind = webhook ? "webhook" : "push";
      const why = nextTryAt === undefined ? failedWhy : `rests: ${failedWhy}`;
      return { kind, key: `${kind} ${agent.id} ${path}`, since: provenAt ?? agent.registeredAt, agent, path, why };
    });
  const unproven =
    online && agent.queued > 0 && agent.pushPaths.length > 0 && agent.pushPaths.every(isUnproven)
      ? [
          {
            kind: "push" as const,
            key: `push ${agent.id}`,
            since,
            agent,
            path: agent.pushPaths.map(({ path }) => path).join(", "),
            why: "never proven: nothing shows that a pushed message was read",
          },
        ]
      : [];
  // Its questions are rows of their own.
  const unread = agent.queued - asks.filter(({ to, isRead }) => to.id === agent.id && !isRead).length;
  const room = status?.limits.inboxMaxMessages ?? 10_000;
  const open = agent.queued + agent.inHand;
  const one = (kind: "backlog" | "mail" | "nearly_full", why: string): Need[] => [
    { kind, key: `${kind} ${agent.id}`, since, agent, why },
  ];
  const inbox =
    open >= room * NEARLY
      ? one("nearly_full", `${open} of ${room} messages; then senders are refused`)
      : agent.person
        ? unread > 0
          ? one("mail", `${unread} unread`)
          : []
        : online && (agent.queued > BACKLOG || (agent.queued > 0 && (oldest ?? 0) > BACKLOG_MS))
          ? one("backlog", `${agent.queued} wait although it is online`)
          : [];
  return [...failing, ...unproven, ...inbox];
}

function isUnproven({ provenAt, failedWhy }: Agent["pushPaths"][number]): boolean {
  return provenAt === undefined && failedWhy === undefined;
}

function disk({ status }: Looked, since: string): Need[] {
  if (status?.storage.intake !== "closed") return [];
  return [{ kind: "disk", key: "disk", since, why: status.storage.closedWhy ?? "nothing new is accepted" }];
}
