/** What an open page costs while much happens: time of its own thread, of all threads of its process, of the browser and the broker. */
import { type TestAgent, until } from "testkit";
import { beforeAll, expect } from "vitest";
import { brokerForAll, browserForAll, heapOf, linesOf, openPage, pageTest, type SeenPage } from "./browser.ts";
import { type Counter, counterOf, cpuOf, cpuOfBrowser, type Spent } from "./counting.ts";
import { openGauge, QUIET, workAgainAndAgain } from "./gauge.ts";
import { addressFor, personOf, startTraffic } from "./meshes.ts";

const broker = brokerForAll({ logLevel: "info" });
const browser = browserForAll();

/** Messages a second, each of three events. */
const MESSAGES = Number(process.env.AGENTMESH_PAGE_MESSAGES ?? 33);
/** For how long is counted, in seconds. More where figures are wanted. */
const SECONDS = Number(process.env.AGENTMESH_PAGE_SECONDS ?? 8);
/** A page that was just opened has its code compiled: it is counted behind that, in seconds. */
const WARM = 4;
/** How often is counted where more was found than may be: others on the machine only add to it. */
const LOOKS = 3;
/** Events that the page keeps, and lines of the log that it reads when it is opened. */
const KEPT = 5_000;
const READ = 500;

/** Percent of a core that each view takes on a quiet machine, by its thread and its process, counted for a minute (docs/ui.md). */
const KNOWN: Readonly<Record<string, Spent>> = {
  needs: { thread: 0.29, process: 0.77 },
  agents: { thread: 0.36, process: 0.91 },
  flow: { thread: 0.35, process: 0.84 },
  conversations: { thread: 0.39, process: 0.97 },
  log: { thread: 0.43, process: 1.02 },
  health: { thread: 0.38, process: 0.98 },
};
/** More than so many times as much is too much. */
const MOST = 1.5;

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1_000));

interface Counted extends Spent {
  readonly view: string;
}

interface OpenView extends AsyncDisposable {
  readonly view: string;
  readonly seen: SeenPage;
  readonly count: Counter;
}

let person: TestAgent;
beforeAll(async () => {
  person = await personOf(broker());
});

/** Opens a view; with a script where the page is to do something else besides. */
async function openView(view: string, besides?: (page: SeenPage["page"]) => Promise<void>): Promise<OpenView> {
  const seen = await openPage(browser(), "about:blank");
  await besides?.(seen.page);
  await seen.page.goto(await addressFor(broker(), person, `/${view}`));
  await until(async () => (await seen.page.locator("main h1").count()) > 0, "the view");
  const count = await counterOf(browser(), seen.page);
  return { view, seen, count, [Symbol.asyncDispose]: () => seen[Symbol.asyncDispose]() };
}

/** Percent of a core that each view takes meanwhile, as it would be where nobody else is on the machine. */
async function counted(views: readonly OpenView[], gauge: Awaited<ReturnType<typeof openGauge>>) {
  const slowness = await gauge.begin();
  const before = await Promise.all(views.map(({ count }) => count()));
  const [begun, browserBefore, brokerBefore] = [performance.now(), await cpuOfBrowser(browser()), cpuOf(broker().pid)];
  await seconds(SECONDS);
  const after = await Promise.all(views.map(({ count }) => count()));
  const all = { browser: (await cpuOfBrowser(browser())) - browserBefore, broker: cpuOf(broker().pid) - brokerBefore };
  const tookMs = performance.now() - begun;
  const slow = await slowness();
  const share = (ms: number) => Math.round((ms / tookMs) * 10_000) / 100;
  const rounded = (n: number) => Math.round(n * 100) / 100;
  const of = (at: number, what: keyof Spent) => share((after[at]?.[what] ?? 0) - (before[at]?.[what] ?? 0));
  const found = views.map(({ view }, at) => ({
    view,
    thread: rounded(of(at, "thread") / slow.thread),
    process: rounded(of(at, "process") / slow.process),
    asItWas: { thread: of(at, "thread"), process: of(at, "process") },
  }));
  console.log(
    [
      `percent of a core, ${MESSAGES} messages a second, ${views.length} pages side by side`,
      `as it was: browser ${share(all.browser)}, broker ${share(all.broker)}, slower by ${rounded(slow.thread)} and ${rounded(slow.process)}`,
      ...found.map((each) => JSON.stringify(each)),
    ].join("\n"),
  );
  return found;
}

/** What takes more than it may. */
function tooMuch(found: readonly Counted[]): Counted[] {
  return found.filter(({ view, thread, process }) => {
    const known = KNOWN[view];
    return known && (thread > MOST * known.thread || process > MOST * known.process);
  });
}

pageTest(
  "an open page draws what is shown and no more: little of a core while a hundred things happen a second, and two and a half times as much is found",
  async () => {
    const alice = await broker().agent("alice");
    const receivers = await Promise.all(Array.from({ length: 8 }, (_, n) => broker().agent(`agent-${n}`)));
    await using traffic = startTraffic(alice, receivers, MESSAGES);
    await using gauge = await openGauge(browser());
    const views: OpenView[] = [];
    for (const view of Object.keys(KNOWN)) views.push(await openView(view));
    const costly = await openView("log", async (page) => {
      // As much again as the bound lets the view take, in pieces of a known work: what misses the bound by a hair is no proof of it.
      const everyMs = (100 * QUIET.thread) / (MOST * (KNOWN.log?.thread ?? 1));
      await page.addInitScript(workAgainAndAgain, { everyMs });
    });
    try {
      await seconds(WARM);
      const sentBefore = traffic.sent;
      const found = await counted([...views, costly], gauge);
      expect(tooMuch(found.slice(-1)), "a page that does two and a half times as much").toHaveLength(1);
      // A view is at fault that takes too much in each of the looks: another on the machine takes it from one view, then from another.
      let left = tooMuch(found.slice(0, -1));
      for (let look = 1; look < LOOKS && left.length > 0; look++) {
        const again = tooMuch((await counted([...views, costly], gauge)).slice(0, -1));
        left = again.filter(({ view }) => left.some((before) => before.view === view));
      }
      expect(left).toEqual([]);
      // A page that heard nothing would cost nothing.
      const events = 3 * (traffic.sent - sentBefore);
      expect(events, "events of the messages that were sent").toBeGreaterThan(SECONDS * MESSAGES);
      for (const { view, seen } of views) {
        const heard = Math.min(KEPT - 1, READ + events / 4);
        expect(await linesOf(seen.page), `lines of the log of the page that showed ${view}`).toBeGreaterThan(heard);
        expect(await heapOf(seen.page), `MiB of objects of ${view}`).toBeLessThan(40);
      }
    } finally {
      for (const view of [...views, costly]) await view[Symbol.asyncDispose]();
    }
  },
  { timeout: 480_000 + LOOKS * 1_000 * SECONDS },
);
