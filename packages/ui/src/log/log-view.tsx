/** The log: what happens, live; filters, pause, export. */
import { signal, useComputed } from "@preact/signals";
import { goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Head, Name, Nothing, Search } from "../frame/parts.tsx";
import { Rows } from "../frame/rows.tsx";
import { exactly } from "../frame/time.ts";
import { earlier, events, isLogKnown } from "../state/mesh.ts";
import { filtered, type Line, linesOf } from "./lines.ts";

const NOUNS = ["delivery", "agent", "session", "push", "topic", "webhook", "policy"];
const STUCK = new Set(["dead", "rejected", "expired", "push_failed", "failing", "disabled", "refused"]);
const nouns = signal<ReadonlySet<string>>(new Set());
const filter = signal("");
/** What was shown when the tail was paused; undefined while it is live. */
const paused = signal<readonly Line[] | undefined>(undefined);

/** The view. */
export function LogView() {
  const live = useComputed(() => linesOf(earlier.value, events.value));
  const lines = filtered(paused.value ?? live.value, nouns.value, filter.value);
  const behind = paused.value === undefined ? 0 : live.value.length - paused.value.length;
  return (
    <>
      <Head title="Log" note={`${lines.length} lines`}>
        <Search
          label="Filter the log"
          placeholder="filter: agent, word  /"
          value={filter.value}
          onValue={(value) => {
            filter.value = value;
          }}
        />
        <button
          type="button"
          class="go"
          aria-pressed={paused.value !== undefined}
          onClick={() => {
            paused.value = paused.value === undefined ? live.value : undefined;
          }}
        >
          {paused.value === undefined ? "Pause" : `Go on${behind > 0 ? ` (${behind} new)` : ""}`}
        </button>
        <button
          type="button"
          class="go"
          title="Save the lines that are shown, each as one JSON text"
          onClick={() => save(lines)}
        >
          Export
        </button>
      </Head>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset breaks the line */}
      <div class="chips" role="group" aria-label="What is shown">
        {NOUNS.map((noun) => (
          <button
            type="button"
            key={noun}
            aria-pressed={nouns.value.has(noun)}
            onClick={() => {
              const next = new Set(nouns.value);
              if (!next.delete(noun)) next.add(noun);
              nouns.value = next;
            }}
          >
            {noun}
          </button>
        ))}
      </div>
      {lines.length === 0 ? (
        <Nothing>{isLogKnown.value ? "Nothing has happened that the filter lets through." : "Looking…"}</Nothing>
      ) : (
        <Rows
          of={lines}
          height={24}
          label="Log"
          keyOf={({ key }) => key}
          tail={paused.value === undefined}
          row={(line) => <LogLine line={line} />}
        />
      )}
    </>
  );
}

function LogLine({ line: { at, noun, verb, from, who, words, messageId } }: { line: Line }) {
  const open = () => goTo(messageId === undefined ? { view: "agents", of: who } : { view: "message", of: messageId });
  return (
    <div class={STUCK.has(verb) ? "log-line stuck" : "log-line"} {...rowOf(open)}>
      <time dateTime={at}>{exactly(at)}</time>
      <small>{noun}</small>
      <span>
        {from !== undefined && (
          <>
            <Name name={from} plain /> →{" "}
          </>
        )}
        <Name name={who} plain /> {words}
      </span>
    </div>
  );
}

/** Saves the lines that are shown as one JSON text a line. */
function save(lines: readonly Line[]): void {
  const text = lines.map(({ key: _, ...line }) => `${JSON.stringify(line)}\n`).join("");
  const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "agentmesh-log.ndjson";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
