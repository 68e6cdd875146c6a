/** Ctrl-K: go to a view, an agent, a topic, a message by its id, or search the messages. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { agents, topics } from "../state/mesh.ts";
import { goTo } from "./address.ts";
import { type Place, placesFor } from "./found.ts";
import { paletteOpen } from "./keys.ts";
import { views } from "./paths.ts";
import { titles } from "./titles.ts";

/** The palette. */
export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const typed = useSignal("");
  const chosen = useSignal(0);
  const known = useComputed<Place[]>(() => [
    ...views.map((view) => ({ title: titles[view], kind: "view", to: { view } })),
    ...[...agents.value.values()].map(({ name }) => ({
      title: name,
      kind: "agent",
      to: { view: "agents" as const, of: name },
    })),
    ...topics.value.map(({ topic }) => ({
      title: topic,
      kind: "topic",
      to: { view: "conversations" as const, of: `topic/${topic}` },
    })),
  ]);
  const places = placesFor(typed.value, known.value);
  const close = () => {
    paletteOpen.value = false;
  };
  const go = (place: Place | undefined) => {
    if (!place) return;
    close();
    goTo(place.to);
  };
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog class="palette" ref={dialog} aria-label="Go to" onClose={close}>
      <input
        type="search"
        role="combobox"
        aria-label="Go to a view, an agent, a topic, a message, or search"
        aria-expanded="true"
        aria-controls="places"
        aria-activedescendant={places.length > 0 ? `place-${chosen.value}` : undefined}
        placeholder="an agent, a topic, msg_…, or words to search for"
        value={typed.value}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={(event) => {
          const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (by !== 0) {
            event.preventDefault();
            chosen.value = (chosen.value + by + places.length) % Math.max(1, places.length);
          } else if (event.key === "Enter") go(places[chosen.value]);
        }}
      />
      <div id="places" role="listbox" aria-label="Places">
        {places.map((place, at) => (
          <div
            key={`${place.kind} ${place.title}`}
            id={`place-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === chosen.value}
            onClick={() => go(place)}
            onKeyDown={() => {}}
          >
            {place.title} <small>{place.kind}</small>
          </div>
        ))}
      </div>
    </dialog>
  );
}
