/** What an open page costs while much happens: time of its own thread and processes by the browser's count, and of the broker. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll({ logLevel: "info" });
const browser = browserForAll();

/** Messages a second, each of three events; the views, and how long each is counted. More of them where figures are wanted. */
const MESSAGES = Number(process.env.AGENTMESH_PAGE_MESSAGES ?? 33);
const VIEWS = process.env.AGENTMESH_PAGE_VIEWS?.split(",") ?? ["needs", "log"];
const SECONDS = Number(process.env.AGENTMESH_PAGE_SECONDS ?? 4);
/** Percent of a core that the page's thread may take: a fraction was measured on a machine that did little else. */
const MOST = 12;

/** Counts processor time, in seconds: of the page's thread, of the processes of pages, of the whole browser, of the broker. */
async function counterOf(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  const system = await browser().newBrowserCDPSession();
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    const sum = (all: typeof processInfo) => all.reduce((total, { cpuTime }) => total + cpuTime, 0);
    return {
      at: performance.now() / 1_000,
      thread: metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0,
      renderer: sum(processInfo.filter(({ type }) => type === "renderer")),
      browser: sum(processInfo),
      broker: ofBroker(),
    };
  };
}

type Times = Awaited<ReturnType<Awaited<ReturnType<typeof counterOf>>>>;

/** The kernel counts hundredths of a second. */
function ofBroker(): number {
  const fields = readFileSync(`/proc/${broker().pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Percent of a core between two counts, to a tenth. */
function shares(before: Times, after: Times) {
  const of = (key: keyof Times) => Math.round(((after[key] - before[key]) / (after.at - before.at)) * 1_000) / 10;
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
    const send = () => alice.client.send({ to: `agent-${n++ % receivers.length}`, body: `part ${n}` }).catch(() => {});
    const sending = setInterval(() => void send(), 1_000 / MESSAGES);
    const person = await personOf(broker());
    try {
      const blank = await openPage(browser(), "about:blank");
      const none = await counterOf(blank.page);
      const before = await none();
      await seconds(SECONDS);
      const found = [{ view: "no page", ...shares(before, await none()) }];
      await blank[Symbol.asyncDispose]();
      for (const view of VIEWS) {
        await using seen = await openPage(browser(), await addressFor(broker(), person, `/${view}`));
        await until(async () => (await seen.page.locator("main h1").count()) > 0, "the view");
        await seconds(1);
        const count = await counterOf(seen.page);
        const begun = await count();
        await seconds(SECONDS);
        found.push({ view, ...shares(begun, await count()) });
      }
      const lines = found.map((each) => JSON.stringify(each)).join("\n");
      console.log(`percent of a core at ${MESSAGES} messages a second\n${lines}`);
      for (const { view, thread } of found) expect(thread, view).toBeLessThan(MOST);
    } finally {
      clearInterval(sending);
      over.abort();
      await Promise.allSettled(reading);
    }
  },
);
