/** A tab that nobody sees for long: what happened meanwhile is there when somebody looks, however much it was. */
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

const LISTENERS = 50;
/** More events than the page keeps. */
const PUBLISHED = 104;

pageTest(
  "who came online before more events than a hidden tab keeps is online when the tab is seen again",
  async () => {
    await Promise.all(
      Array.from({ length: LISTENERS }, async (_, n) => {
        const { client } = await broker().agent(`listener-${n}`);
        await client.subscribe({ topic: "news" });
      }),
    );
    const herald = await broker().agent("herald");
    await using seen = await openPage(browser(), await addressFor(broker(), await personOf(broker()), "/needs"));
    const { page } = seen;
    await shown(page, "0 agents are online");
    const hide = (isHidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    const events: string[] = [];
    page.on("response", (response) => events.push(new URL(response.url()).pathname));
    await hide(true);
    await herald.client.openSession();
    for (let n = 0; n < PUBLISHED; n++) await herald.client.publish({ topic: "news", body: `number ${n}` });
    const looks = events.length;
    // Behind the last of them the number in the title is looked at: the tab has read them all.
    await until(() => events.slice(looks).includes("/v1/needs"), "the hidden tab to look for needs", 20_000);
    await hide(false);
    await shown(page, "1 agent is online");
    expect(seen.troubles).toEqual([]);
  },
);
