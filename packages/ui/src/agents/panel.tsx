/** One agent: what is known of it, its inbox (looking takes nothing), what it sent, whose messages it takes, its webhook. */
import type { Agent, HistoryEntry, InboxEntry, ReceiverPolicy, Webhook } from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol/shown";
import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Write } from "../conversations/write.tsx";
import { Act } from "../frame/act.tsx";
import { goTo } from "../frame/address.ts";
import { Ping, TestWebhook } from "../frame/buttons.tsx";
import { act, look } from "../frame/calls.ts";
import { Age, MessageLink, Name, Nothing, Presence, State, To, Words } from "../frame/parts.tsx";
import { clock, now } from "../frame/time.ts";
import { focusAt } from "../state/ages.ts";
import { asks, events } from "../state/mesh.ts";
import { deadBy, placeOf } from "./order.ts";
import { PushPaths } from "./push-paths.tsx";

/** The panel. */
export function AgentPanel({ agent }: { agent: Agent }) {
  const { id, name } = agent;
  const focus = focusAt(agent, now.value);
  const hasWebhook = agent.pushPaths.some(({ path }) => path === "webhook");
  const looked = useSignal<Looked | undefined>(undefined);
  const failed = useSignal("");
  // What happened to this agent makes its lists stale.
  const marks = useComputed(() => {
    const last = events.value.findLast((event) =>
      "to" in event ? event.to.id === id || event.from.id === id : event.agent.id === id,
    );
    return last?.cursor;
  });
  useEffect(() => {
    const timer = setTimeout(
      () => {
        lookInto(id, hasWebhook).then(
          (all) => {
            looked.value = all;
            failed.value = "";
          },
          (error: unknown) => {
            failed.value = error instanceof Error ? error.message : String(error);
          },
        );
      },
      looked.value === undefined ? 0 : 500,
    );
    return () => clearTimeout(timer);
  }, [id, hasWebhook, marks.value, looked, failed]);
  return (
    <aside class="panel" aria-label={name}>
      <header>
        <h2>
          <Presence of={agent.presence} />
          {name}
        </h2>
        <button type="button" class="close" aria-label="Close the panel" onClick={() => goTo({ view: "agents" })}>
          ×
        </button>
      </header>
      {agent.summary && <Words of={agent.summary} max={200} />}
      <dl>
        <Fact name="presence">
          {agent.presence}
          {agent.doubt && ` (${agent.doubt.why.replaceAll("_", " ")})`}
          {agent.lastSeenAt !== undefined && (
            <>
              , heard of <Age at={agent.lastSeenAt} />
            </>
          )}
        </Fact>
        <Fact name="reached by">
          <PushPaths of={agent.pushPaths} />
        </Fact>
        {agent.pushPaths.map(
          ({ path, failedWhy }) =>
            failedWhy !== undefined && (
              <Fact name={`${path} failed`} key={path}>
                <Words of={failedWhy} />
              </Fact>
            ),
        )}
        <Fact name="client">{agent.client && plainLine(agent.client, 64)}</Fact>
        <Fact name="place">
          <span title={agent.directory && plainLine(agent.directory, 500)}>{plainLine(placeOf(agent), 120)}</span>
        </Fact>
        <Fact name="machine">{agent.host && plainLine(agent.host, 100)}</Fact>
        <Fact name="focus">
          {focus && (
            <>
              until {clock(focus.until, now.value)} {focus.reason && <Words of={focus.reason} />}
            </>
          )}
        </Fact>
        <Fact name="trust">{agent.trust === "unverified" && "unverified: it came without a token"}</Fact>
      </dl>
      <div class="acts">
        <Ping name={name} />
        {focus ? (
          <Act command={`agentmesh focus ${name} --end`} run={() => act("DELETE", `/v1/agents/${id}/focus`)}>
            End focus
          </Act>
        ) : (
          <Act command={`agentmesh focus ${name} --for 30m`} run={() => act("PUT", `/v1/agents/${id}/focus`, {})}>
            Focus 30 min
          </Act>
        )}
        <Act
          command={`agentmesh agent remove ${name}`}
          confirm={`Remove ${name}? ${deadBy([agent])} become dead letters.`}
          run={() => act("DELETE", `/v1/agents/${id}`).then(() => goTo({ view: "agents" }))}
        >
          Remove
        </Act>
      </div>
      <Write to={name} />
      {failed.value && <p class="failed">{failed.value}</p>}
      {looked.value && <Lists agent={agent} looked={looked.value} />}
    </aside>
  );
}

interface Looked {
  readonly inbox: readonly InboxEntry[];
  readonly sent: readonly HistoryEntry[];
  readonly policy: ReceiverPolicy;
  readonly webhook: Webhook | undefined;
}

async function lookInto(id: string, hasWebhook: boolean): Promise<Looked> {
  const [inbox, sent, policy, webhook] = await Promise.all([
    look<{ entries: InboxEntry[] }>("/v1/inbox", { agent: id, order: "newest" }),
    look<{ entries: HistoryEntry[] }>("/v1/messages", { agent: id, limit: 25 }),
    look<ReceiverPolicy>(`/v1/agents/${id}/policy`),
    hasWebhook ? look<Webhook>(`/v1/agents/${id}/webhook`).catch(() => undefined) : undefined,
  ]);
  return { inbox: inbox.entries, sent: sent.entries.filter(({ message }) => message.from.id === id), policy, webhook };
}

function Lists({ agent: { id, name }, looked: { inbox, sent, policy, webhook } }: { agent: Agent; looked: Looked }) {
  const debts = asks.value.filter(({ to, from }) => to.id === id || from.id === id);
  const rules = [
    ...policy.senders.map(({ agent, action }) => `${agent.name}: ${action}`),
    ...Object.entries(policy.trust).map(([of, action]) => `${of}: ${action}`),
    `everybody else: ${policy.otherwise}`,
  ];
  return (
    <>
      <Part title="Inbox" note={inbox.length}>
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
      <Part title="Owes and awaits" note={debts.length}>
        {debts.map(({ messageId, from, to, preview, overdue, dueAt }) => (
          <li key={messageId}>
            {to.id === id ? "owes " : "awaits "}
            <Name name={to.id === id ? from.name : to.name} plain />{" "}
            <MessageLink id={messageId}>
              <Words of={preview} max={90} />
            </MessageLink>{" "}
            {overdue ? <span class="state overdue">overdue</span> : <small>due {clock(dueAt, now.value)}</small>}
          </li>
        ))}
      </Part>
      <Part title="Sent" note={sent.length}>
        {sent.slice(0, 10).map(({ message, deliveries }) => (
          <li key={message.id}>
            to {message.topic ?? <Name name={message.to} plain />}{" "}
            <MessageLink id={message.id}>
              <Words of={message.body} max={90} />
            </MessageLink>{" "}
            {deliveries[0] && <State of={deliveries[0].state} />} <Age at={message.acceptedAt} />
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

function Part({ title, note, children }: { title: string; note: number | undefined; children: ComponentChildren }) {
  return (
    <section class="part">
      <h3>
        {title} {note !== undefined && <small>{note}</small>}
      </h3>
      {note === 0 ? <Nothing>nothing</Nothing> : <ul>{children}</ul>}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === false || children === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
