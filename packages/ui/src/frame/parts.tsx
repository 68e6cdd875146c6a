/** Small parts that every view is set in. */
import type { Agent, InboxEntry } from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol/shown";
import type { ComponentChildren } from "preact";
import { agentNamed } from "../state/mesh.ts";
import { goTo } from "./address.ts";
import { type Address, pathOf } from "./paths.ts";
import { useTimed } from "./ticking.ts";
import { age, agesAt, clock, times } from "./time.ts";

/** What a link within the page needs. */
interface ToProps {
  readonly to: Address;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
  /** It leads to what is shown. */
  readonly current?: boolean;
}

/** A link within the page. */
export function To({ to, children, current, ...rest }: ToProps) {
  return (
    <a
      {...rest}
      aria-current={current ? "page" : undefined}
      href={pathOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        event.stopPropagation();
        goTo(to);
      }}
    >
      {children}
    </a>
  );
}

/** An agent's name, with a mark of its presence, as a link to it. */
export function Name({ name, plain }: { name: string; plain?: boolean }) {
  return (
    <To to={{ view: "agents", of: name }} class="name">
      {!plain && <Presence of={agentNamed(name)?.presence} />}
      {plainLine(name)}
    </To>
  );
}

/** A mark of presence: a full dot, a half one, an empty one. It says in words what it shows. */
export function Presence({ of }: { of: Agent["presence"] | undefined }) {
  if (of === undefined) return null;
  return (
    <span class={`dot ${of}`} role="img" aria-label={of} title={of}>
      {" "}
    </span>
  );
}

/** How old something is; pointing at it shows when it was. */
export function Age({ at }: { at: string }) {
  const old = useTimed(() => age(at, agesAt.value), [at]);
  if (at === "") return null;
  return (
    <time dateTime={at} title={clock(at)}>
      {old}
    </time>
  );
}

/** How long ago something was; pointing at it shows when. */
export function Ago({ at }: { at: string }) {
  const past = useTimed(() => times.past(at), [at]);
  return (
    <time dateTime={at} title={clock(at)}>
      {past}
    </time>
  );
}

/** A link to a message, by a few words of it. */
export function MessageLink({ id, children }: { id: string; children: ComponentChildren }) {
  return (
    <To to={{ view: "message", of: id }} class="words">
      {children}
    </To>
  );
}

/** Another agent's words on one line. */
export function Words({ of, max = 160 }: { of: string; max?: number }) {
  return <q>{plainLine(of, max)}</q>;
}

/** What stands where nothing is. */
export function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="nothing">{children}</p>;
}

/** A heading of a view, with what belongs on its right. */
export function Head({
  title,
  note,
  children,
}: {
  title: string;
  note?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <header class="head">
      <h1 tabIndex={-1}>{title}</h1>
      {note !== undefined && <p>{note}</p>}
      {children}
    </header>
  );
}

/** The states of deliveries in one word each, as the page says them. */
function stateWord(state: InboxEntry["state"]): string {
  return state === "queued" ? "waiting" : state === "leased" ? "in hand" : state;
}

/** A delivery's state; red only where it is stuck. */
export function State({ of }: { of: InboxEntry["state"] }) {
  return <span class={`state ${of}`}>{stateWord(of)}</span>;
}

/** What a search field needs. */
interface SearchProps {
  /** What it is for. */
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** The field over a list that `/` leads to. */
export function Search({ label, placeholder, value, onValue }: SearchProps) {
  return (
    <input
      type="search"
      data-filter
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onInput={({ currentTarget }) => onValue(currentTarget.value)}
    />
  );
}
