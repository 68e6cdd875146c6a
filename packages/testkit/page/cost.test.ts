/** What an open page costs while much happens: time of its own thread, of all threads of its process, of the browser and the broker. */
import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, heapOf, linesOf, openPage, pageTest } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll({ logLevel: "info" });
const browser = browserForAll();

/** Messages a second, each of three events; the views, and how long each is counted. More of them where figures are wanted. */
const MESSAGES = Number(process.env.AGENTMESH_PAGE_MESSAGES ?? 33);
const VIEWS = process.env.AGENTMESH_PAGE_VIEWS?.split(",") ?? [
  "needs",
  "agents",
  "flow",
  "conversations",
  "log",
  "health",
];
const SECONDS = Number(process.env.AGENTMESH_PAGE_SECONDS ?? 4);
/** In how many parts, the page's memory being looked at behind each. */
const PARTS = Number(process.env.AGENTMESH_PAGE_PARTS ?? 1);
/** Events that the page keeps, and lines of the log that it reads when it is opened. */
const KEPT = 5_000;
const READ = 500;
/** Percent of a core that the page's thread may take, and its process with all it draws by; half of that was measured beside much other work. */
const MOST = 1;
const MOST_OF_PROCESS = 3;
/** A page that was just opened has its code compiled: it is counted behind that, in seconds. */
const WARM = 3;

/** Counts processor time, in seconds: of the page's thread, of the processes of pages, of the whole browser, of the broker. */
async function counterOf(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  const system = await browser().newBrowserCDPSession();
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    const sum = (all: typeof processInfo) => all.reduce((total, { id }) => total + cpuOf(id), 0);
    return {
      at: performance.now() / 1_000,
      thread: metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0,
      renderer: sum(processInfo.filter(({ type }) => type === "renderer")),
      browser: sum(processInfo),
      broker: cpuOf(broker().pid),
    };
  };
}

/** Processor time of the threads that a process has: the kernel counts it by the nanosecond. */
function cpuOf(pid: number): number {
  const own = readdirSync(`/proc/${pid}/task`);
  return own.reduce((total, id) => total + readCpu(`/proc/${pid}/task/${id}/schedstat`), 0);
}

function readCpu(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]) / 1e9;
  } catch {
    // The thread ended just now.
    return 0;
  }
}

type Times = Awaited<ReturnType<Awaited<ReturnType<typeof counterOf>>>>;

/** Percent of a core between two counts, to a hundredth. */
function shares(before: Times, after: Times) {
  const of = (key: keyof Times) => Math.round(((after[key] - before[key]) / (after.at - before.at)) * 10_000) / 100;
  return { thread: of("thread"), renderer: of("renderer"), browser: of("browser"), broker: of("broker") };
}

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1_000));

pageTest(
  "an open page draws what is shown and no more: little of a core while a hundred things happen a second",
  async () => {
    const alice = await broker().agent("alice");
    const receivers = await Promise.all(Array.from({ length: 8 }, (_, n) => broker().agent(`agent-${n}`)));
    const over = new AbortController();
    const reading = receivers.map(async ({ client }) => {
      for await (const delivery of client.inbox({ signal: over.signal })) void delivery.ack().catch(() => {});
    });
    let n = 0;
    let sent = 0;
    const send = async () => {
      await alice.client.send({ to: `agent-${n++ % receivers.length}`, body: `part ${n}` });
      sent++;
    };
    const sending = setInterval(() => void send().catch(() => {}), 1_000 / MESSAGES);
    const person = await personOf(broker());
    try {
      const blank = await openPage(browser(), "about:blank");
      const none = await counterOf(blank.page);
      const before = await none();
      await seconds(Math.min(SECONDS, 8));
      const found: ({ view: string } & Partial<ReturnType<typeof shares>>)[] = [
        { view: "no page", ...shares(before, await none()) },
      ];
      await blank[Symbol.asyncDispose]();
      for (const view of VIEWS) {
        await using seen = await openPage(browser(), await addressFor(broker(), person, `/${view}`));
        await until(async () => (await seen.page.locator("main h1").count()) > 0, "the view");
        await seconds(WARM);
        const count = await counterOf(seen.page);
        const sentBefore = sent;
        const heap: number[] = [];
        let share: Partial<ReturnType<typeof shares>> = {};
        for (let part = 0; part < PARTS; part++) {
          const begun = await count();
          await seconds(SECONDS / PARTS);
          share = shares(begun, await count());
          heap.push(await heapOf(seen.page));
        }
        // A page that heard nothing would cost nothing.
        const events = 3 * (sent - sentBefore);
        expect(events, "events of the messages that were sent").toBeGreaterThan(SECONDS * MESSAGES);
        expect(await linesOf(seen.page), "lines of the page's log").toBeGreaterThan(
          Math.min(KEPT - 1, READ + events / 4),
        );
        found.push({ view, ...share });
        console.log(`${view}: ${events} events, MiB of objects: ${heap.join(", ")}`);
      }
      const lines = found.map((each) => JSON.stringify(each)).join("\n");
      console.log(`percent of a core at ${MESSAGES} messages a second\n${lines}`);
      for (const { view, thread, renderer } of found.slice(1)) {
        expect(thread, `the thread of ${view}`).toBeLessThan(MOST);
        expect(renderer, `the process of ${view}`).toBeLessThan(MOST_OF_PROCESS);
      }
    } finally {
      clearInterval(sending);
      over.abort();
      await Promise.allSettled(reading);
    }
  },
  { timeout: 240_000 + 1_000 * SECONDS * (VIEWS.length + 1) },
);
