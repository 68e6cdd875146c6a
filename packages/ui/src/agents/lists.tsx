/** What an agent has: its inbox, what it owes and awaits, what it sent, whose messages it takes, its webhook. */
import type { Agent, HistoryEntry, InboxEntry, ListedSession, ReceiverPolicy, Webhook } from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol/shown";
import type { ComponentChildren } from "preact";
import { Act } from "../acts/act.tsx";
import { TestWebhook } from "../acts/buttons.tsx";
import { act, look } from "../frame/calls.ts";
import { Age, Ago, MessageLink, Name, Nothing, Presence, State, To, Words } from "../frame/parts.tsx";
import { clock } from "../frame/time.ts";
import { askCount, asks } from "../state/mesh.ts";
import { PushPaths } from "./push-paths.tsx";

/** What was found of an agent beside what is known of it anyway. */
export interface LookedInto {
  readonly inbox: readonly InboxEntry[];
  /** How many wait or are in hand: more than those of the inbox, when there are many. */
  readonly open: number;
  readonly sent: readonly HistoryEntry[];
  readonly policy: ReceiverPolicy;
  readonly webhook: Webhook | undefined;
  readonly sessions: readonly ListedSession[];
  /** How many sessions it has: more than those, when there are many. */
  readonly sessionCount: number;
}

/** Messages among which those that it sent are looked for, and how many of them are shown. */
const LOOKED = 100;
const SENT = 10;

/** Looks at it. @throws as each look does */
export async function lookInto(id: string, hasWebhook: boolean): Promise<LookedInto> {
  const [inbox, sent, policy, webhook, sessions] = await Promise.all([
    look<{ entries: InboxEntry[]; open: number }>("/v1/inbox", { agent: id, order: "newest" }),
    look<{ entries: HistoryEntry[] }>("/v1/messages", { agent: id, limit: LOOKED }),
    look<ReceiverPolicy>(`/v1/agents/${id}/policy`),
    hasWebhook ? look<Webhook>(`/v1/agents/${id}/webhook`).catch(() => undefined) : undefined,
    look<{ sessions: ListedSession[]; total: number }>(`/v1/agents/${id}/sessions`),
  ]);
  return {
    inbox: inbox.entries,
    open: inbox.open,
    sent: sent.entries.filter(({ message }) => message.from.id === id),
    policy,
    webhook,
    sessions: sessions.sessions,
    sessionCount: sessions.total,
  };
}

/** The lists. */
export function Lists({ agent: { id, name }, looked }: { agent: Agent; looked: LookedInto }) {
  const { inbox, open, sent, policy, webhook, sessions, sessionCount } = looked;
  const debts = asks.value.filter(({ to, from }) => to.id === id || from.id === id);
  const rules = [
    ...policy.senders.map(({ agent, action }) => `${agent.name}: ${action}`),
    ...Object.entries(policy.trust).map(([of, action]) => `${of}: ${action}`),
    `everybody else: ${policy.otherwise}`,
  ];
  return (
    <>
      <Part title="Inbox" note={open > inbox.length ? `${open}, the newest ${inbox.length} of them` : open}>
        {inbox.map(({ id: delivery, seq, state, message }) => (
          <li key={delivery}>
            <small>#{seq}</small> <Name name={message.from.name} plain />{" "}
            <MessageLink id={message.id}>
              <Words of={message.body} max={90} />
            </MessageLink>{" "}
            <State of={state} /> <Age at={message.acceptedAt} />
          </li>
        ))}
      </Part>
      <Part title="Owes and awaits" note={debts.length && askCount(debts.length)}>
        {debts.map(({ messageId, from, to, preview, overdue, dueAt }) => (
          <li key={messageId}>
            {to.id === id ? "owes " : "awaits "}
            <Name name={to.id === id ? from.name : to.name} plain />{" "}
            <MessageLink id={messageId}>
              <Words of={preview} max={90} />
            </MessageLink>{" "}
            {overdue ? <span class="state overdue">overdue</span> : <small>due {clock(dueAt)}</small>}
          </li>
        ))}
      </Part>
      <Part
        title="Sent"
        note={sent.length === 0 ? 0 : `the newest ${Math.min(SENT, sent.length)}`}
        none={`nothing among the newest ${LOOKED} that it sent or got`}
      >
        {sent.slice(0, SENT).map(({ message, deliveries }) => (
          <li key={message.id}>
            to {message.topic ?? <Name name={message.to} plain />}{" "}
            <MessageLink id={message.id}>
              <Words of={message.body} max={90} />
            </MessageLink>{" "}
            {deliveries[0] && <State of={deliveries[0].state} />} <Age at={message.acceptedAt} />
          </li>
        ))}
      </Part>
      <Part
        title="Sessions"
        note={sessionCount > sessions.length ? `${sessionCount}, the newest ${sessions.length} of them` : sessionCount}
        none="none: it is reached when it comes back"
      >
        {sessions.map((session) => (
          <li key={session.id}>
            <Presence of={session.presence} /> <code>{session.id.slice(0, 12)}</code>{" "}
            {session.silent && <span class="state overdue">silent</span>} heard of <Ago at={session.lastHeardAt} />{" "}
            <PushPaths of={session} />
          </li>
        ))}
      </Part>
      <Part title="Takes messages of" note={undefined}>
        {rules.map((rule) => (
          <li key={rule}>{rule}</li>
        ))}
        <li class="acts">
          {(["accept", "hold", "refuse"] as const)
            .filter((action) => action !== policy.otherwise)
            .map((action) => (
              <Act
                key={action}
                command={`agentmesh policy ${name} --otherwise ${action}`}
                confirm={action === "refuse" ? `Refuse everybody else who writes to ${name}?` : undefined}
                run={() =>
                  act("PUT", `/v1/agents/${id}/policy`, {
                    otherwise: action,
                    senders: policy.senders.map(({ agent, action: its }) => ({ agent: agent.id, action: its })),
                    trust: policy.trust,
                  })
                }
              >
                {action === "accept" ? "Accept the rest" : action === "hold" ? "Hold the rest" : "Refuse the rest"}
              </Act>
            ))}
        </li>
      </Part>
      {webhook && (
        <Part title="Webhook" note={undefined}>
          <li>
            {webhook.state}: <code>{plainLine(webhook.url, 300)}</code>{" "}
            {webhook.failedWhy !== undefined && <Words of={webhook.failedWhy} />}
          </li>
          <li>
            <TestWebhook id={id} name={name} />
          </li>
        </Part>
      )}
      <p>
        <To to={{ view: "conversations", of: `with/${name}` }}>All conversations of {name}</To>
      </p>
    </>
  );
}

interface PartProps {
  readonly title: string;
  readonly note: number | string | undefined;
  readonly none?: string;
  readonly children: ComponentChildren;
}

function Part({ title, note, none = "nothing", children }: PartProps) {
  return (
    <section class="part">
      <h3>
        {title} {note !== undefined && <small>{note}</small>}
      </h3>
      {note === 0 ? <Nothing>{none}</Nothing> : <ul>{children}</ul>}
    </section>
  );
}
