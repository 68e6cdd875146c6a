/** The page by keyboard: `j k` and Enter in lists, `/` to filter, Escape to go back, Ctrl-K for everything, digits for views. */
import { signal } from "@preact/signals";
import { address, goTo } from "./address.ts";
import { views } from "./paths.ts";

/** Whether the palette is open. */
export const paletteOpen = signal(false);

/** Begins to listen. */
export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      paletteOpen.value = !paletteOpen.value;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || paletteOpen.value) return;
    const { target } = event;
    const writes = target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") back(writes ? target : undefined);
    if (event.key === "Escape" || writes) return;
    const took = pressed(event.key);
    if (took) event.preventDefault();
  });
}

function pressed(key: string): boolean {
  const view = views[Number(key) - 1];
  if (view !== undefined) goTo({ view });
  else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "/") document.querySelector<HTMLElement>("[data-filter]")?.focus();
  else return false;
  return true;
}

function back(field: HTMLElement | undefined): void {
  const { view, of } = address.value;
  if (field) field.blur();
  else if (view === "message") history.back();
  else if (of !== undefined) goTo({ view });
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const at = rows.indexOf(document.activeElement?.closest<HTMLElement>("[data-row]") ?? document.body);
  rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

/** What a row needs to be reached by `j k` and opened by Enter or a click. */
export function rowOf(open: () => void) {
  return {
    "data-row": true,
    tabIndex: -1,
    onClick: (event: Event) => {
      if (event.target instanceof Element && event.target.closest("a, button, input, textarea, select, label")) return;
      open();
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" && event.target === event.currentTarget) open();
    },
  };
}
