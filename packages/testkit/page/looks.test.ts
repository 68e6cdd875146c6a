/** What the page looks at: again where a look failed, anew where events are lost, and by itself where there are none. */
import { startTestBroker, until } from "testkit";
import { expect } from "vitest";
import {
  allShown,
  brokerForAll,
  browserForAll,
  openPage,
  pageTest,
  pageTestBeside,
  shown,
  signedIn,
  waitShorter,
} from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

pageTest("a page whose first look fails begins anew, and one that fails later is made up for", async () => {
  const alice = await broker().agent("alice-of-looks");
  await broker().agent("bob-of-looks");
  await using seen = await openPage(browser(), "about:blank");
  const { page } = seen;
  let failed = 0;
  await page.route("**/v1/needs?*", async (route) => {
    failed += 1;
    await (failed === 1 ? route.fulfill({ status: 503, body: "{}" }) : route.continue());
  });
  await page.goto(await addressFor(broker(), await personOf(broker(), "looker"), "/needs"));
  await shown(page, /Nothing waits for you|the worst first/);
  expect(failed).toBeGreaterThan(1);
  await page.getByRole("link", { name: "Agents" }).click();
  await shown(page, "alice-of-looks");

  let refused = 0;
  await page.route("**/v1/agents/agt_*", async (route) => {
    refused += 1;
    await (refused === 1 ? route.abort() : route.continue());
  });
  await alice.client.send({ to: "bob-of-looks", body: "one that waits" });
  await shown(page, "1 waiting");
  expect(refused).toBeGreaterThan(1);
});

pageTestBeside("a page that cannot take the events up where it lost them shows all that is kept, once", async () => {
  await using own = await startTestBroker();
  const alice = await own.agent("alice");
  await own.agent("bob");
  const send = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await alice.client.send({ to: "bob", body: `number ${n}` });
  };
  await using seen = await openPage(browser(), "about:blank", { viewport: { width: 1_200, height: 1_600 } });
  const { page } = seen;
  // In a browser without shared workers the tab reads the events itself, and what it asks for can be answered here.
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.goto(await addressFor(own, await personOf(own), "/log"));
  await page.locator("[data-filter]").fill("bob accepted");
  const lines = async () => {
    const texts = await page.locator(".log-line").allTextContents();
    return texts.map((text) => Number(/#(\d+)/.exec(text)?.[1]));
  };
  await send(1, 4);
  await until(async () => (await lines()).length === 4, "what came while it listened");
  let gone = 0;
  await page.route("**/v1/events?after=*", async (route) => {
    gone += 1;
    await route.fulfill({ status: 410, contentType: "application/json", body: '{"code":"cursor_gone"}' });
  });
  await page.context().setOffline(true);
  await own.kill();
  await shown(page, /reconnecting, last data \d/);
  await own.start();
  await send(5, 8);
  await page.context().setOffline(false);
  await until(async () => (await lines()).length >= 8, "what was missed");
  await send(9, 9);
  await until(async () => (await lines()).length >= 9, "what comes then");
  const { entries } = await own.admin.log({ limit: 100 });
  expect(await lines()).toEqual(entries.filter(({ event }) => event === "accepted").map(({ seq }) => seq));
  expect(gone).toBe(1);
});

pageTestBeside("what changes without an event is seen: a sign of life, and the end of a focus", async () => {
  const { agent, client } = await broker().agent("quiet-one");
  const { session } = await client.openSession({});
  await using seen = await openPage(browser(), "about:blank");
  const { page } = seen;
  // It looks now and then.
  await waitShorter(page, { 10000: 1_000 });
  await page.goto(await addressFor(broker(), await personOf(broker(), "watcher"), `/agents/${agent.name}`));
  await signedIn(page);
  const heard = () => page.locator("aside dd time").first().getAttribute("datetime");
  const before = await heard();
  await client.heartbeat({ session: session.id });
  await until(async () => (await heard()) !== before, "the sign of life", 30_000);

  await client.setFocus({ agent: "me", forMs: 2_500, reason: "a short dialog" });
  await shown(page, "a short dialog");
  await until(async () => !(await page.locator("aside").textContent())?.includes("a short dialog"), "its end");
  expect(seen.troubles).toEqual([]);
});

pageTestBeside("what was held for an agent that leaves is held no more, and dead", async () => {
  const { agent } = await broker().agent("leaver");
  const sender = await broker().agent("sender-to-leaver");
  await broker().admin.setPolicy({ agent: agent.name, otherwise: "hold" });
  await sender.client.send({ to: agent.name, body: "kept aside" });
  await using seen = await openPage(
    browser(),
    await addressFor(broker(), await personOf(broker(), "keeper"), "/needs"),
  );
  const rows = (kind: string) =>
    seen.page.locator(`li.need[data-kind="${kind}"]`).filter({ hasText: "kept aside" }).count();
  await until(async () => (await rows("held")) === 1, "its row");
  await broker().admin.removeAgent({ agent: agent.id });
  await until(async () => (await rows("dead")) === 1, "the dead letter");
  await until(async () => (await rows("held")) === 0, "the held message to go");
  await allShown(seen.page, ["kept aside"]);
});
