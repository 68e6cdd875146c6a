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
