/** One agent: what is known of it, and what it has; looking takes nothing. */
import { plainLine, presenceWords } from "@agentmesh/protocol/shown";
import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Act } from "../acts/act.tsx";
import { Ping } from "../acts/buttons.tsx";
import { Write } from "../conversations/write.tsx";
import { goTo } from "../frame/address.ts";
import { act } from "../frame/calls.ts";
import { Ago, Presence, Words } from "../frame/parts.tsx";
import { useTimed } from "../frame/ticking.ts";
import { clock, now, times } from "../frame/time.ts";
import { focusAt, type SeenAgent } from "../state/ages.ts";
import { events } from "../state/mesh.ts";
import { Lists, type LookedInto, lookInto } from "./lists.tsx";
import { deadBy, placeOf } from "./order.ts";
import { PushPaths } from "./push-paths.tsx";

/** The panel. */
export function AgentPanel({ agent }: { agent: SeenAgent }) {
  const { id, name } = agent;
  const focus = useTimed(() => focusAt(agent, now.value), [agent]).value;
  const presence = useTimed(() => presenceWords(agent, times), [agent]);
  const hasWebhook = agent.pushPaths.some(({ path }) => path === "webhook");
  const looked = useSignal<LookedInto | undefined>(undefined);
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
          {presence}
          {agent.lastSeenAt !== undefined && (
            <>
              , heard of <Ago at={agent.lastSeenAt} />
            </>
          )}
        </Fact>
        <Fact name="reached by">
          <PushPaths of={agent} />
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
              until {clock(focus.until)} {focus.reason && <Words of={focus.reason} />}
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

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === false || children === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
