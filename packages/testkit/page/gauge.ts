/**
 * A page whose work is known: what it takes here and now says how slow the machine makes every page just now. Processors that are
 * shared, throttled or whose caches others fill take twice as long and more for the same work.
 */
import type { Browser, Page } from "playwright-core";
import { type Counter, counterOf, type Spent } from "./counting.ts";

/**
 * What one piece of it takes on a quiet machine, in milliseconds: of the page's thread, and of its whole process. So chosen that the page
 * of 277651a6, counted beside it on a busy machine, took what had been counted of it on a quiet one.
 */
export const QUIET: Spent = { thread: 5.7, process: 10 };
/** A piece is done so often, in milliseconds: as rarely as a page draws, so that it finds the caches as cold. */
const EVERY_MS = 500;

/** Has a page do a piece again and again: it reads what came, and draws rows of it. */
export function workAgainAndAgain({ everyMs }: { everyMs: number }): void {
  const text = JSON.stringify(
    Array.from({ length: 60 }, (_, n) => ({
      at: `2026-01-01T00:00:00.${n}Z`,
      from: { name: `agent-${n}` },
      words: "was acked",
    })),
  );
  let done = 0;
  let shown: HTMLElement | undefined;
  const piece = () => {
    const rows: { at: string; from: { name: string }; words: string }[] = JSON.parse(text);
    const list = document.createElement("ol");
    list.style.cssText = "position:fixed;inset:0;z-index:-1;contain:strict";
    for (const { at, from, words } of rows.toReversed()) {
      const row = document.createElement("li");
      for (const part of [at, from.name, words, String(done)]) {
        const span = document.createElement("span");
        span.textContent = part;
        row.append(span);
      }
      list.append(row);
    }
    shown?.remove();
    document.body.append(list);
    shown = list;
    done++;
    document.documentElement.dataset.done = String(done);
  };
  setInterval(piece, everyMs);
}

/** How many times as long as on a quiet machine a page takes, by its thread and by its process. */
export type Slowness = Spent;

/** Tells how slow all has been since it began. */
export type SlownessSince = () => Promise<Slowness>;

/** Opens the page. A look is begun where its count begins, so that two of them do not take from each other. */
export async function openGauge(browser: Browser): Promise<{ begin(): Promise<SlownessSince> } & AsyncDisposable> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto("data:text/html,<!doctype html><title>gauge</title><body></body>");
  await page.evaluate(workAgainAndAgain, { everyMs: EVERY_MS });
  const count = await counterOf(browser, page);
  return {
    async begin() {
      const before = await looked(page, count);
      return async () => {
        const now = await looked(page, count);
        const pieces = now.pieces - before.pieces;
        if (pieces === 0) throw new Error("The page of the gauge does nothing.");
        const of = (what: keyof Spent) => (now[what] - before[what]) / pieces / QUIET[what];
        return { thread: of("thread"), process: of("process") };
      };
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

async function looked(page: Page, count: Counter): Promise<Spent & { readonly pieces: number }> {
  const pieces = await page.evaluate(() => Number(document.documentElement.dataset.done ?? 0));
  return { pieces, ...(await count()) };
}
