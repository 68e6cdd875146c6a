/** Agents: who is here, what reaches each, what waits; one of them, or several, in a panel beside the list. */
import { dialogWords, plainLine } from "@agentmesh/protocol/shown";
import { signal, useComputed } from "@preact/signals";
import { goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Age, Head, Name, Nothing, Search } from "../frame/parts.tsx";
import { Rows } from "../frame/rows.tsx";
import { useTimed } from "../frame/ticking.ts";
import { age, agesAt, now, times } from "../frame/time.ts";
import { focusAt, oldestMs, type SeenAgent } from "../state/ages.ts";
import { agentNamed, agents, agentsKnown, askCount, asks, moreAgents } from "../state/mesh.ts";
import { type Order, orders, placeOf, shownAgents } from "./order.ts";
import { AgentPanel } from "./panel.tsx";
import { PushPaths } from "./push-paths.tsx";
import { Several } from "./several.tsx";
import { ticked } from "./ticked.ts";

const filter = signal("");
const order = signal<Order>("presence");

/** The view. */
export function AgentsView({ of }: { of: string | undefined }) {
  const shown = useComputed(() => shownAgents(agents.value.values(), filter.value, order.value));
  const debts = useComputed(() => {
    const counts = new Map<string, { owes: number; awaits: number }>();
    const of = (id: string) => counts.get(id) ?? counts.set(id, { owes: 0, awaits: 0 }).get(id);
    for (const { to, from } of asks.value) {
      const [debtor, waiter] = [of(to.id), of(from.id)];
      if (debtor) debtor.owes += 1;
      if (waiter) waiter.awaits += 1;
    }
    return counts;
  });
  const open = of === undefined ? undefined : agentNamed(of);
  const note = `${shown.value.length} of ${agents.value.size + moreAgents.value}`;
  return (
    <div class={of === undefined ? "split" : "split open"}>
      <section class="split-list">
        <Head title="Agents" note={note}>
          <Search
            label="Filter agents"
            placeholder="filter: name, client, place  /"
            value={filter.value}
            onValue={(value) => {
              filter.value = value;
            }}
          />
          <label class="order">
            by{" "}
            <select
              value={order.value}
              onChange={({ currentTarget }) => {
                order.value = orders.find((each) => each === currentTarget.value) ?? "presence";
              }}
            >
              {orders.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </Head>
        {ticked.value.size > 0 && <Several />}
        {agentsKnown.value && shown.value.length === 0 ? (
          <Nothing>
            {filter.value === ""
              ? "No agent has joined. Connect a client: agentmesh setup"
              : "No agent fits the filter."}
          </Nothing>
        ) : (
          <Rows
            of={shown.value}
            height={46}
            label="Agents"
            keyOf={({ id }) => id}
            row={(agent) => <AgentRow agent={agent} chosen={agent.id === open?.id} debts={debts.value.get(agent.id)} />}
          />
        )}
      </section>
      {of !== undefined &&
        (open ? (
          <AgentPanel agent={open} key={open.id} />
        ) : (
          agentsKnown.value && (
            <aside class="panel" aria-label={of}>
              <Nothing>No agent is named {plainLine(of, 64)}, or it has left.</Nothing>
            </aside>
          )
        ))}
    </div>
  );
}

interface RowProps {
  readonly agent: SeenAgent;
  readonly chosen: boolean;
  readonly debts: { readonly owes: number; readonly awaits: number } | undefined;
}

function AgentRow({ agent, chosen, debts }: RowProps) {
  const { id, name, client, host, queued, inHand, held, lastSeenAt, summary } = agent;
  const focus = useTimed(() => focusAt(agent, now.value), [agent]).value;
  const dialog = useTimed(() => dialogTitle(agent), [agent]);
  const oldest = useTimed(() => oldestWords(agent), [agent]);
  return (
    <div class={chosen ? "agent chosen" : "agent"} {...rowOf(() => goTo({ view: "agents", of: name }))}>
      <label>
        <input
          type="checkbox"
          checked={ticked.value.has(id)}
          aria-label={`Tick ${name}`}
          onChange={() => {
            const next = new Set(ticked.value);
            if (!next.delete(id)) next.add(id);
            ticked.value = next;
          }}
        />
      </label>
      <span>
        <Name name={name} />
        {agent.person && <small class="chip">person</small>}
        {agent.dialog && (
          <small class="chip" title={dialog}>
            asks its user
          </small>
        )}
        {focus && (
          <small class="chip" title={focus.reason && plainLine(focus.reason)}>
            focus
          </small>
        )}
        <small class="agent-summary">{summary === undefined ? "" : plainLine(summary, 120)}</small>
      </span>
      <span class="agent-place">
        {plainLine(client ?? "", 40)}
        <small>
          {[placeOf(agent), host ?? ""]
            .filter((part) => part !== "")
            .map((part) => plainLine(part, 60))
            .join(" · ")}
        </small>
      </span>
      <span class="agent-push">
        <PushPaths of={agent} />
      </span>
      <span class="agent-mail">
        {queued > 0 && (
          <span title="how long the oldest has waited">
            <b>{queued} waiting</b> <i>{oldest}</i>{" "}
          </span>
        )}
        {held > 0 && <b>{held} held </b>}
        {inHand > 0 && <span>{inHand} in hand </span>}
        <small>
          {debts && debts.owes > 0 && `owes ${askCount(debts.owes)} `}
          {debts && debts.awaits > 0 && `awaits ${askCount(debts.awaits)}`}
        </small>
      </span>
      <span class="agent-heard">{lastSeenAt !== undefined && <Age at={lastSeenAt} />}</span>
    </div>
  );
}

function oldestWords(agent: SeenAgent): string {
  const oldest = oldestMs(agent, agesAt.value);
  return agent.queued > 0 && oldest !== undefined ? age(agesAt.value - oldest, agesAt.value) : "";
}

function dialogTitle({ dialog }: SeenAgent): string {
  return dialog === undefined ? "" : `stands at ${dialogWords(dialog, times)}: a person must answer there`;
}
