/** Needs you: one list, the worst first, each row with its age and what ends it. */

import { Age, Head, Name } from "../frame/parts.tsx";
import { eventWords } from "../log/words.ts";
import { lookAgain } from "../state/looks.ts";
import {
  agents,
  earlier,
  events,
  known,
  needCounts,
  needs,
  needsInAll,
  needsInWords,
  openedKinds,
} from "../state/mesh.ts";
import { kindWord } from "./kind-words.ts";
import { NeedRow } from "./need-row.tsx";
import { rowsOf } from "./rows.ts";

/** The view. */
export function NeedsView() {
  const list = needs.value;
  const all = needsInAll.value;
  if (!known.value) return <Head title="Needs you" note="Looking…" />;
  return (
    <>
      <Head
        title="Needs you"
        note={all === 0 ? undefined : `${needsInWords.value} ${all === 1 ? "thing" : "things"}, the worst first`}
      />
      {list.length === 0 ? (
        <Quiet />
      ) : (
        <ul class="needs" aria-label="What needs you">
          {rowsOf(list, needCounts.value).map((row) =>
            "need" in row ? (
              <NeedRow need={row.need} key={row.need.key} />
            ) : (
              <li key={`more ${row.kind}`} class="more">
                {openedKinds.value.has(row.kind) ? (
                  `${row.more} more; they come when some of these are ended`
                ) : (
                  <button
                    type="button"
                    class="go"
                    onClick={() => {
                      openedKinds.value = new Set([...openedKinds.value, row.kind]);
                      lookAgain(["needs"]);
                    }}
                  >
                    {row.more} more: {kindWord(row.kind)}
                  </button>
                )}
              </li>
            ),
          )}
        </ul>
      )}
    </>
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
