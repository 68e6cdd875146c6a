/** A tab that nobody sees for long: what happened meanwhile is there when somebody looks, however much it was. */
import type { Page } from "playwright-core";
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

/** Has the tab be hidden, or seen again. */
function hide(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
}

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
    const events: string[] = [];
    page.on("response", (response) => events.push(new URL(response.url()).pathname));
    await hide(page, true);
    await herald.client.openSession();
    for (let n = 0; n < PUBLISHED; n++) await herald.client.publish({ topic: "news", body: `number ${n}` });
    const looks = events.length;
    // Behind the last of them the number in the title is looked at: the tab has read them all.
    await until(() => events.slice(looks).includes("/v1/needs"), "the hidden tab to look for needs", 20_000);
    await hide(page, false);
    await shown(page, "1 agent is online");
    expect(seen.troubles).toEqual([]);
  },
);

pageTest(
  "a need that comes while nobody sees the tab is told by the desktop, once, without a word of an agent",
  async () => {
    const wary = await broker().agent("wary");
    const writer = await broker().agent("writer");
    await wary.client.setPolicy({ agent: "me", otherwise: "hold" });
    await using seen = await openPage(browser(), "about:blank");
    const { page } = seen;
    // The desktop is none here: what it would be given is kept.
    await page.addInitScript(() => {
      const given: string[] = [];
      class Kept {
        static readonly permission = "granted";
        static readonly requestPermission = async () => "granted";
        constructor(title: string, { body }: { body: string }) {
          given.push(`${title}: ${body}`);
        }
      }
      Object.assign(window, { Notification: Kept, given });
    });
    const told = () => page.evaluate((): string[] => Reflect.get(window, "given"));
    await page.goto(await addressFor(broker(), await personOf(broker(), "sleeper"), "/needs"));
    await shown(page, "Nothing waits for you");
    await page.getByRole("button", { name: "Notify: off" }).click();
    await shown(page, "Notify: on");
    await hide(page, true);
    await writer.client.send({ to: "wary", body: "a secret plan" });
    await until(async () => (await told()).length > 0, "the notification", 20_000);
    expect(await told()).toEqual(["agentmesh: 1 thing needs you"]);
    expect(await page.title()).toBe("(1) agentmesh");
    // Whoever looks needs none.
    await hide(page, false);
    await writer.client.send({ to: "wary", body: "another one" });
    await shown(page, "2 things, the worst first");
    expect(await told()).toHaveLength(1);
  },
);
