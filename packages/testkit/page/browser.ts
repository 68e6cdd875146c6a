/** A real Chromium for the page's tests, and what is seen of a page from outside: what it asks for, what fails in it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { startTestBroker, type TestBroker, type TestBrokerOptions, until } from "testkit";
import { afterAll, beforeAll, type TestOptions, test } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Where a Chromium is on this machine. */
const chromiumHere = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** A test in the browser; where there is none its name says why it is left out. */
export function pageTest(name: string, body: () => Promise<void>, options: TestOptions = {}): void {
  if (chromiumHere === undefined) test.skip(`${name} (there is no Chromium here: apt-get install chromium)`, () => {});
  else test(name, options, body);
}

/** One that waits beside the others of its file that may: what it waits for takes longer than what it does. */
export function pageTestBeside(name: string, body: () => Promise<void>): void {
  pageTest(name, body, { concurrent: true });
}

/** The name under which a foreign site asks for this machine, as by a name that changes its mind. */
export const REBOUND = "rebound.test";

/** A browser for all tests of a file; asked for inside them. */
export function browserForAll(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (chromiumHere !== undefined) browser = await startChromium();
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("No Chromium was started.");
    return browser;
  };
}

/** A broker for all tests of a file; asked for inside them. */
export function brokerForAll(options: TestBrokerOptions = {}): () => TestBroker {
  let broker: TestBroker | undefined;
  beforeAll(async () => {
    broker = await startTestBroker(options);
  });
  afterAll(() => broker?.[Symbol.asyncDispose]());
  return () => {
    if (broker === undefined) throw new Error("No broker was started.");
    return broker;
  };
}

/** Starts one. */
function startChromium(): Promise<Browser> {
  if (chromiumHere === undefined) throw new Error("There is no Chromium here.");
  return chromium.launch({
    executablePath: chromiumHere,
    args: ["--disable-gpu", "--disable-dev-shm-usage", `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
  });
}

/** A page and what was seen of it. */
export interface SeenPage extends AsyncDisposable {
  readonly page: Page;
  /** Every URL that it asked for. */
  readonly asked: readonly string[];
  /** Errors of its scripts, of the console (as those of a policy), and whatever else only a fault or an attack brings about. */
  readonly troubles: readonly string[];
}

/** Opens a page in a context of its own: its cookies are nobody else's. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<SeenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const asked: string[] = [];
  const troubles: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // An answer that refuses is the page's to show.
    const isAnswer = message.text().startsWith("Failed to load resource: the server responded with");
    if (message.type() === "error" && !isAnswer) troubles.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", () => troubles.push("a window was opened"));
  page.on("download", () => troubles.push("a download was begun"));
  await page.goto(address);
  return { page, asked, troubles, [Symbol.asyncDispose]: () => context.close() };
}

/** Has the system be light or dark, and waits until the page is. */
export async function inColours(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  const painted = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  await until(async () => (await painted()) === colorScheme, `the ${colorScheme} colours`);
}

/** Has the tabs of a page wait shorter: each of these times, in milliseconds, is another one to them. The worker that they share is not told. */
export async function waitShorter(page: Page, times: Readonly<Record<number, number>>): Promise<void> {
  await page.addInitScript((shorter) => {
    const set = { setTimeout: window.setTimeout, setInterval: window.setInterval };
    for (const name of ["setTimeout", "setInterval"] as const) {
      const timed = (run: () => void, ms = 0) => set[name].call(window, run, shorter[ms] ?? ms);
      Object.defineProperty(window, name, { value: timed });
    }
  }, times);
}

/** Waits until a page shows a text. */
export async function shown(page: Page, text: string | RegExp): Promise<void> {
  const has = (all: string) => (typeof text === "string" ? all.includes(text) : text.test(all));
  await until(async () => has((await page.locator("body").textContent()) ?? ""), `the page to show ${text}`, 20_000);
}

/** Waits until a page shows each of some texts, of which none stands in its menu. */
export async function allShown(page: Page, texts: readonly (string | RegExp)[]): Promise<void> {
  for (const text of texts) await shown(page, text);
}

/** Waits until a page has signed in: its code leaves the address before the broker has answered. */
export async function signedIn(page: Page): Promise<void> {
  await until(() => page.evaluate(() => localStorage.getItem("agentmesh-page") !== null), "the sign-in", 20_000);
}

/** How many lines the log of a page has; goes there. */
export async function linesOf(page: Page): Promise<number> {
  await page.locator("nav a", { hasText: "Log" }).click();
  await page.waitForSelector(".log-line");
  return Number.parseInt((await page.locator(".head p").first().textContent()) ?? "", 10);
}

/** Bytes that the page's objects take, in MiB, when what nobody holds has been let go of. */
export async function heapOf(page: Page): Promise<number> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  await cdp.detach();
  return Math.round((usedSize / 1_048_576) * 10) / 10;
}
