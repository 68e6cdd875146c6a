/** Counts processor time: of a page's thread, of all threads of its process, of the whole browser. */
import { readdirSync, readFileSync } from "node:fs";
import type { Browser, CDPSession, Page } from "playwright-core";
import { until } from "testkit";

/** Processor time so far, in milliseconds. */
export interface Spent {
  readonly thread: number;
  readonly process: number;
}

/** What has been spent by a page. */
export type Counter = () => Promise<Spent>;

/** Counts what a page spends, its process being its own. */
export async function counterOf(browser: Browser, page: Page): Promise<Counter> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const pid = await processOf(browser, page);
  return async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const seconds = metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
    return { thread: 1_000 * seconds, process: cpuOf(pid) };
  };
}

/** Additions that show whose process a page's is: a tenth of a second of work. */
const SHOWN = 100_000_000;

/** The process of a page: the one whose main thread spends far more than any other's when the page is made to work. */
async function processOf(browser: Browser, page: Page): Promise<number> {
  const system = await browser.newBrowserCDPSession();
  const spentBy = (pid: number) => readCpu(`/proc/${pid}/task/${pid}/schedstat`);
  const pid = await until(async () => {
    const before = (await processesOf(system, "renderer")).map((each) => ({ pid: each, spent: spentBy(each) }));
    await page.evaluate((times) => {
      let sum = 0;
      for (let n = 0; n < times; n++) sum = (sum + n) | 0;
      return sum;
    }, SHOWN);
    const grown = before.map((each) => ({ pid: each.pid, ms: spentBy(each.pid) - each.spent }));
    const [most, next] = grown.sort((a, b) => b.ms - a.ms);
    return most && most.ms > 2 * (next?.ms ?? 0) ? most.pid : undefined;
  }, "the process of the page");
  await system.detach();
  return pid;
}

/** Processor time of all processes of a browser so far, in milliseconds. */
export async function cpuOfBrowser(browser: Browser): Promise<number> {
  const system = await browser.newBrowserCDPSession();
  const all = await processesOf(system);
  await system.detach();
  return all.reduce((sum, pid) => sum + cpuOf(pid), 0);
}

async function processesOf(system: CDPSession, wanted?: string): Promise<number[]> {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => wanted === undefined || type === wanted).map(({ id }) => id);
}

/** Processor time of the threads that a process has, in milliseconds: the kernel counts it by the nanosecond. */
export function cpuOf(pid: number): number {
  const own = readdirSync(`/proc/${pid}/task`);
  return own.reduce((total, id) => total + readCpu(`/proc/${pid}/task/${id}/schedstat`), 0);
}

function readCpu(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]) / 1e6;
  } catch {
    // The thread ended just now.
    return 0;
  }
}
