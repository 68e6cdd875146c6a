/** What was looked at while much happens is shown with what happens next: both are one picture, and none comes of what is as it was. */
import { batch } from "@preact/signals";
import { isBusy } from "../frame/time.ts";

/** Where nothing comes to be shown with, it is shown by itself, in milliseconds: longer than pieces of much that happens are apart. */
const ALONE_MS = 3_500;

let waiting: (() => void)[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows it, with the next picture where many of them come; at once where somebody may wait for it. */
export function showSoon(note: () => void, when: "now" | "soon"): void {
  waiting.push(note);
  if (when === "now" || !isBusy.peek() || document.hidden) showWaiting();
  else timer ??= setTimeout(showWaiting, ALONE_MS);
}

/** Shows what waited and what came as one picture. */
export function showTogether(came: () => void): void {
  batch(() => {
    // What was looked at is older than what came.
    showWaiting();
    came();
  });
}

function showWaiting(): void {
  clearTimeout(timer);
  timer = undefined;
  const notes = waiting;
  waiting = [];
  batch(() => {
    for (const note of notes) note();
  });
}
