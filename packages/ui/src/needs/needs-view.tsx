/** Needs you: one list, the worst first, each row with its age and what ends it. */

import { signal } from "@preact/signals";
import { Age, Head, Name } from "../frame/parts.tsx";
import { eventWords } from "../log/words.ts";
import { agents, earlier, events, known, moreAgents, moreAsks, moreDead, moreHeld, needs } from "../state/mesh.ts";
import { kindWords } from "./kind-words.ts";
import { NeedRow } from "./need-row.tsx";
import type { Need } from "./needs.ts";
import { shownNeeds } from "./shown-needs.ts";

/** Kinds of which the person wants to see all. */
const opened = signal<ReadonlySet<Need["kind"]>>(new Set());

/** The view. */
export function NeedsView() {
  const list = needs.value;
  if (!known.value) return <Head title="Needs you" note="Looking…" />;
  return (
    <>
      <Head
        title="Needs you"
        note={
          list.length === 0 ? undefined : `${list.length} ${list.length === 1 ? "thing" : "things"}, the worst first`
        }
      />
      {list.length === 0 ? (
        <Quiet />
      ) : (
        <ul class="needs" aria-label="What needs you">
          {shownNeeds(list, opened.value).map((row) =>
            "need" in row ? (
              <NeedRow need={row.need} key={row.need.key} />
            ) : (
              <li key={`more ${row.kind}`} class="more">
                <button
                  type="button"
                  class="go"
                  onClick={() => {
                    opened.value = new Set([...opened.value, row.kind]);
                  }}
                >
                  {row.more} more: {kindWords[row.kind]}
                </button>
              </li>
            ),
          )}
        </ul>
      )}
      <More of={moreDead.value} what="dead letters" command="dead" />
      <More of={moreHeld.value} what="held messages" command="held" />
      <More of={moreAsks.value} what="questions" command="owed" />
      <More of={moreAgents.value > 0} what="agents" command="agents" />
    </>
  );
}

function More({ of, what, command }: { of: boolean; what: string; command: string }) {
  if (!of) return null;
  return (
    <p class="more">
      There are more {what} than are looked at here: <code>agentmesh {command}</code>
    </p>
  );
}

/** Nothing waits: what happened last. */
function Quiet() {
  const last = events.value.at(-1);
  const before = earlier.value.at(-1);
  const online = [...agents.value.values()].filter(({ presence }) => presence === "online").length;
  return (
    <div class="quiet">
      <p class="quiet-title">Nothing waits for you.</p>
      <p>
        {online} {online === 1 ? "agent is" : "agents are"} online.
      </p>
      {last ? (
        <p>
          Last: {"to" in last ? <Name name={last.to.name} plain /> : <Name name={last.agent.name} plain />}{" "}
          {eventWords(last)}, <Age at={last.at} />
        </p>
      ) : (
        before && (
          <p>
            Last: a message of <Name name={before.from.name} plain /> to <Name name={before.to.name} plain /> was{" "}
            {before.event.replace("_", " ")}, <Age at={before.at} />
          </p>
        )
      )}
    </div>
  );
}
