/** How many things need a person, in the title and the icon; a notification of the desktop if it is switched on. */
import { effect, signal } from "@preact/signals";
import { hasNew, type Seen } from "../needs/fresh.ts";
import { known, needCounts, needs, needsInAll, needsInWords } from "../state/mesh.ts";

const KEPT = "agentmesh-notify";

/** Whether a new need is told by the desktop. */
export const notifies = signal(false);

/** Switches the notifications on, with the person's leave, or off. */
export async function switchNotices(): Promise<void> {
  const on = !notifies.value && "Notification" in window && (await Notification.requestPermission()) === "granted";
  notifies.value = on;
  localStorage.setItem(KEPT, on ? "on" : "off");
}

/** Keeps title and icon true. */
export function showCount(): void {
  notifies.value =
    localStorage.getItem(KEPT) === "on" && "Notification" in window && Notification.permission === "granted";
  let before: Seen | undefined;
  let shown = "";
  effect(() => {
    const now = { needs: needs.value, counts: needCounts.value };
    if (!known.value) return;
    const isNew = before !== undefined && hasNew(before, now);
    before = now;
    if (needsInWords.value !== shown) {
      shown = needsInWords.value;
      document.title = needsInAll.value === 0 ? "agentmesh" : `(${shown}) agentmesh`;
      drawIcon(needsInAll.value);
    }
    if (!isNew || !notifies.peek() || !document.hidden) return;
    // Nothing that an agent wrote leaves the page: the desktop may show it to whoever passes by.
    new Notification("agentmesh", {
      tag: "agentmesh",
      body: `${shown} ${shown === "1" ? "thing needs" : "things need"} you`,
    });
  });
}

function drawIcon(count: number): void {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const pen = canvas.getContext("2d");
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (!pen || !link) return;
  pen.fillStyle = "#12736b";
  pen.beginPath();
  pen.roundRect(0, 0, 32, 32, 8);
  pen.fill();
  pen.fillStyle = "#fff";
  if (count === 0) {
    for (const [x, y] of [
      [9, 9],
      [23, 12],
      [14, 23],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 4, 0, 7);
      pen.fill();
    }
  } else {
    pen.font = "bold 20px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(count > 99 ? "99" : String(count), 16, 17);
  }
  link.href = canvas.toDataURL();
}
