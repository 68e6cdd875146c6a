/** A broker that is killed and comes back under an open page: it is said, and then everything is there, once. */
import { startTestBroker, until } from "testkit";
import { expect } from "vitest";
import { browserForAll, openPage, pageTest, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const browser = browserForAll();

pageTest(
  "a page whose broker is killed says since when, comes back by itself, and shows all that happened once",
  async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await broker.agent("bob");
    const send = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await alice.client.send({ to: "bob", body: `number ${n}` });
    };
    await send(1, 4);
    await using seen = await openPage(browser(), await addressFor(broker, await personOf(broker), "/log"), {
      viewport: { width: 1_200, height: 1_600 },
    });
    const { page } = seen;
    const filter = page.locator("[data-filter]");
    await filter.fill("bob accepted");
    /** Numbers of the inbox whose acceptance is shown, in the order of their lines. */
    const lines = async () => {
      const texts = await page.locator(".log-line").allTextContents();
      return texts.map((text) => Number(/#(\d+)/.exec(text)?.[1]));
    };
    const kept = async () => {
      const { entries } = await broker.admin.log({ limit: 100 });
      return entries.filter(({ event }) => event === "accepted").map(({ seq }) => seq);
    };
    await until(async () => (await lines()).length === 4, "what was before");
    await send(5, 8);
    await until(async () => (await lines()).length === 8, "what came since");

    await broker.kill();
    await shown(page, /reconnecting, last data \d/);
    await broker.start();
    await send(9, 12);
    await until(async () => (await page.locator(".connection").textContent()) === "", "the page to be back");
    await until(async () => (await lines()).length >= 12, "what happened meanwhile");
    expect(await lines()).toEqual(await kept());
    expect(await page.locator(".who").textContent()).toContain("cli");

    // And once more, with something that happens before the page is back, as after a sleep of the machine.
    await page.context().setOffline(true);
    await broker.kill();
    await shown(page, /reconnecting, last data \d/);
    await broker.start();
    await send(13, 16);
    await page.context().setOffline(false);
    await until(async () => (await lines()).length >= 16, "what happened while it was away");
    await send(17, 17);
    await until(async () => (await lines()).length >= 17, "what comes then");
    expect(await lines()).toEqual(await kept());
    // A reload reads the log instead of the events: it is the same.
    await page.reload();
    await filter.fill("bob accepted");
    await until(async () => (await lines()).length >= 17, "the same after a reload");
    expect(await lines()).toEqual(await kept());
  },
);

/** Stops every process of the browser, as a machine does that sleeps; what it returns has them go on. */
async function putToSleep(): Promise<() => void> {
  const cdp = await browser().newBrowserCDPSession();
  const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
  const each = (signal: "SIGSTOP" | "SIGCONT") => {
    for (const { id } of processInfo) process.kill(id, signal);
  };
  each("SIGSTOP");
  return () => each("SIGCONT");
}

pageTest("a page that slept while its broker went, came back and went on shows all that happened, once", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  const send = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await alice.client.send({ to: "bob", body: `number ${n}` });
  };
  await using seen = await openPage(browser(), await addressFor(broker, await personOf(broker), "/log"), {
    viewport: { width: 1_200, height: 1_600 },
  });
  const { page } = seen;
  await page.locator("[data-filter]").fill("bob accepted");
  const numbers = async () => {
    const texts = await page.locator(".log-line").allTextContents();
    return texts.map((text) => Number(/#(\d+)/.exec(text)?.[1]));
  };
  await send(1, 4);
  await until(async () => (await numbers()).length === 4, "what came while it was awake");
  const wake = await putToSleep();
  try {
    await send(5, 8);
    await broker.kill();
    await broker.start();
    await send(9, 12);
  } finally {
    wake();
  }
  await until(async () => (await numbers()).length >= 12, "what happened while it slept", 20_000);
  await send(13, 13);
  await until(async () => (await numbers()).length >= 13, "what comes then");
  const { entries } = await broker.admin.log({ limit: 100 });
  expect(await numbers()).toEqual(entries.filter(({ event }) => event === "accepted").map(({ seq }) => seq));
  await until(async () => (await page.locator(".connection").textContent()) === "", "the page to be back");
});
