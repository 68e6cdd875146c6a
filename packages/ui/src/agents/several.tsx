/** What can be done with several agents at once. */
import { forEach } from "@agentmesh/protocol/shown";
import { useSignal } from "@preact/signals";
import { Act } from "../acts/act.tsx";
import { saying } from "../acts/command-lines.ts";
import { send } from "../acts/remedies.ts";
import { act } from "../frame/calls.ts";
import { agents } from "../state/mesh.ts";
import { deadBy } from "./order.ts";
import { ticked } from "./ticked.ts";

/** The bar over the list while some are ticked. */
export function Several() {
  const text = useSignal("");
  const chosen = [...ticked.value].map((id) => agents.value.get(id)).filter((each) => each !== undefined);
  const names = chosen.map(({ name }) => name);
  const all = async (one: (agent: (typeof chosen)[number]) => Promise<unknown>) => {
    for (const agent of chosen) await one(agent);
  };
  const who = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return (
    <div class="several">
      <b>{chosen.length} ticked</b>
      <input
        aria-label={`Message to ${who}`}
        placeholder={`message to ${who}`}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <Act
        command={forEach(names, (name) => saying(`send ${name}`, text.value))}
        run={() => all(({ name }) => send(name, text.value))}
        disabled={text.value.trim() === ""}
        done="Sent"
        main
        writes
      >
        Send to {chosen.length}
      </Act>
      <Act
        command={forEach(names, (name) => `agentmesh focus ${name} --for 30m`)}
        run={() => all(({ id }) => act("PUT", `/v1/agents/${id}/focus`, {}))}
      >
        Focus {chosen.length}
      </Act>
      <Act
        command={forEach(names, (name) => `agentmesh agent remove ${name}`)}
        confirm={`Remove ${chosen.length} agents (${who})? ${deadBy(chosen)} become dead letters.`}
        run={() =>
          all(({ id }) => act("DELETE", `/v1/agents/${id}`)).then(() => {
            ticked.value = new Set();
          })
        }
      >
        Remove {chosen.length}
      </Act>
      <button
        type="button"
        class="go"
        onClick={() => {
          ticked.value = new Set();
        }}
      >
        Tick none
      </button>
    </div>
  );
}
