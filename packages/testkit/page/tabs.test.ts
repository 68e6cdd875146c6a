/** Many tabs of one browser, which opens six connections to a broker: all of them live, all of them able to act, by one stream. */
import type { BrowserContext, Page } from "playwright-core";
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest, shown, signedIn, waitShorter } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

/** More than a browser has connections. */
const TABS = 8;
const VIEWS = ["needs", "agents", "flow", "conversations", "log", "health", "needs", "log"];

async function tab(context: BrowserContext, view: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${broker().url}/ui/${view}`);
  await page.waitForSelector("main h1");
  return page;
}

/** Goes to the log by the page's own menu: what it shows then is what this tab heard. */
async function toLog(page: Page): Promise<void> {
  await page.locator("nav a", { hasText: "Log" }).click();
  await page.waitForSelector(".log-line");
}

const isLive = (page: Page) =>
  until(async () => (await page.locator(".connection").textContent()) === "", "the tab to be live", 20_000);

/** Workers that tabs of this browser share. */
async function workers(): Promise<string[]> {
  const cdp = await browser().newBrowserCDPSession();
  const { targetInfos } = await cdp.send("Target.getTargets", { filter: [{ type: "shared_worker" }] });
  await cdp.detach();
  return targetInfos.map(({ targetId }) => targetId);
}

/** Ends one, as a browser does that runs out of memory. */
async function end(targetId: string): Promise<void> {
  const cdp = await browser().newBrowserCDPSession();
  await cdp.send("Target.closeTarget", { targetId });
  await cdp.detach();
}

pageTest("eight tabs are all live, and a question is answered in each", async () => {
  const person = await personOf(broker(), "tabs");
  const asker = await broker().agent("asker");
  await using seen = await openPage(browser(), await addressFor(broker(), person, "/needs"));
  await signedIn(seen.page);
  const context = seen.page.context();
  const others = await Promise.all(VIEWS.slice(1).map((view) => tab(context, view)));
  const tabs = [seen.page, ...others];
  expect(tabs.length).toBe(TABS);
  await Promise.all(tabs.map(isLive));
  expect(await workers()).toHaveLength(1);

  const answers = tabs.map((_, n) => asker.client.ask({ to: "tabs", body: `question ${n}?`, timeoutMs: 120_000 }));
  await Promise.all(
    tabs.map(async (page, n) => {
      await page.bringToFront();
      await page.locator("nav a", { hasText: "Needs you" }).click();
      const row = page.locator("li.need", { hasText: `question ${n}?` });
      await row.getByRole("button", { name: "Yes" }).click();
    }),
  );
  for (const { reply } of await Promise.all(answers)) expect(reply).toMatchObject({ body: "Yes." });
  for (const page of tabs) await shown(page, "Nothing waits for you");

  // Who opened the stream is gone: the others hear on, and each hears everything once.
  await seen.page.close();
  await asker.client.send({ to: "tabs", body: "after the first was closed" });
  for (const page of others) {
    await toLog(page);
    await page.locator("[data-filter]").fill("accepted");
    await shown(page, `${2 * TABS + 1} lines`);
  }

  // Who signs out in one of them is signed out in all, and hears on in none; who signs in again hears again.
  await others[0]?.getByRole("button", { name: "Sign out" }).click();
  for (const page of others.slice(1)) await shown(page, "This browser is not signed in, or not any more.");
  const again = await context.newPage();
  await again.goto(await addressFor(broker(), person, "/log"));
  await isLive(again);
  await asker.client.send({ to: "tabs", body: "after all had been signed out" });
  await again.locator("[data-filter]").fill("accepted");
  await shown(again, `${2 * TABS + 2} lines`);
  expect(await workers()).toHaveLength(1);
});

pageTest("a tab whose shared worker is ended has another one when it hears no word, and misses nothing", async () => {
  const alice = await broker().agent("alice-of-tabs");
  await broker().agent("bob-of-tabs");
  await using seen = await openPage(browser(), "about:blank");
  const { page } = seen;
  // The half minute after which it gives its worker up.
  await waitShorter(page, { 30000: 3_000 });
  await page.goto(await addressFor(broker(), await personOf(broker(), "ender"), "/log"));
  await signedIn(page);
  await isLive(page);
  const [first] = await workers();
  await end(String(first));
  await alice.client.send({ to: "bob-of-tabs", body: "heard by nobody then" });
  await until(async () => (await workers()).some((id) => id !== first), "another worker", 60_000);
  await alice.client.send({ to: "bob-of-tabs", body: "and by the next one" });
  await page.locator("[data-filter]").fill("bob-of-tabs accepted");
  await until(async () => (await page.locator(".log-line").count()) === 2, "what happened then", 20_000);
  expect(seen.troubles).toEqual([]);
});

pageTest("a tab whose browser has no shared workers reads the events itself", async () => {
  const alice = await broker().agent("alice-alone");
  await using seen = await openPage(browser(), "about:blank");
  const { page } = seen;
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.goto(await addressFor(broker(), await personOf(broker(), "alone"), "/needs"));
  await signedIn(page);
  await isLive(page);
  expect(await workers()).toEqual([]);
  void alice.client.ask({ to: "alone", body: "are you there?" }).catch(() => {});
  await shown(page, "are you there?");
  expect(seen.troubles).toEqual([]);
});
