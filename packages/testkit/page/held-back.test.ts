/** A page behind a proxy that holds the stream of events back: it says so, asks instead, and shows what happens, once. */
import { freePort, openProxy, startTestBroker, until } from "testkit";
import { expect } from "vitest";
import { browserForAll, openPage, pageTest, shown, waitShorter } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const browser = browserForAll();

pageTest("a page that no events reach says so, asks the log instead, and shows all that happens, once", async () => {
  const place = `127.0.0.1:${await freePort()}`;
  await using broker = await startTestBroker({ args: ["--allowed-hosts", place] });
  await using proxy = await openProxy({ inside: [] }, place, `127.0.0.1:${broker.port}`, { buffer: true });
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  const send = (n: number) => alice.client.send({ to: "bob", body: `number ${n}` });
  await send(1);
  const address = new URL(await addressFor(broker, await personOf(broker), "/log"));
  await using seen = await openPage(browser(), "about:blank", { viewport: { width: 1_200, height: 1_600 } });
  const { page } = seen;
  // The tab listens for itself, and gives a stream up that does not open: its times are others than a worker's.
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await waitShorter(page, { 10000: 2_000 });
  await page.goto(`${proxy.url}${address.pathname}${address.hash}`);
  await page.locator("[data-filter]").fill("bob accepted");
  const lines = async () => {
    const texts = await page.locator(".log-line").allTextContents();
    return texts.map((text) => Number(/#(\d+)/.exec(text)?.[1]));
  };
  await shown(page, "no events come through, asks instead");
  await until(async () => (await lines()).length === 1, "what was before");
  for (const n of [2, 3]) {
    await send(n);
    await until(async () => (await lines()).length === n, `number ${n}`);
  }
  await broker.kill();
  await shown(page, /reconnecting, last data \d/);
  await broker.start();
  await send(4);
  // It is known that a stream does not open: what happened is there at once.
  await until(async () => (await lines()).length === 4, "what happened meanwhile");
  expect((await lines()).toSorted()).toEqual([1, 2, 3, 4]);
  await shown(page, "no events come through, asks instead");
});
