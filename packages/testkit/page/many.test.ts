/** Many messages, some of them stuck: what is stuck is found by one click, and ended for all of them by one button. */
import { until } from "testkit";
import { expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const STUCK = 20;

const broker = brokerForAll({ env: { AGENTMESH_REPEATS_PER_MINUTE: "0" } });
const browser = browserForAll();

pageTest(
  "the one stuck message among many is a click away, and twenty dead letters are redriven by one button",
  async () => {
    const api = await broker().agent("api");
    const tests = await broker().agent("tests");
    const web = await broker().agent("web");
    const give = async (agent: typeof tests, reason?: string) => {
      const { deliveries } = await agent.client.lease({ max: 100 });
      for (const { id: delivery, receipt } of deliveries) {
        await (reason === undefined
          ? agent.client.ack({ delivery, receipt })
          : agent.client.reject({ delivery, receipt, reason }));
      }
      return deliveries.length;
    };
    for (let n = 0; n < 300; n++) await api.client.send({ to: "web", body: `part ${n} is done` });
    while ((await give(web)) > 0);
    await api.client.send({ to: "web", body: "the needle" });
    expect(await give(web, "cannot build this")).toBe(1);
    for (let n = 0; n < STUCK; n++) await api.client.send({ to: "tests", body: `run the suite of part ${n}` });
    expect(await give(tests, "no room for the suite")).toBe(STUCK);

    await using seen = await openPage(browser(), await addressFor(broker(), await personOf(broker()), "/needs"));
    const { page } = seen;
    await shown(page, "the needle");
    await page.getByRole("link", { name: "the needle" }).click();
    await shown(page, "cannot build this");
    await shown(page, /redrive dlv_/);

    await page.getByRole("link", { name: /^Needs you/ }).click();
    await page.getByRole("button", { name: `Redrive ${STUCK}` }).click();
    await until(async () => (await broker().admin.listDead()).entries.length === 1, "the dead letters to be redriven");
    expect((await broker().admin.getAgent({ agent: "tests" })).queued).toBe(STUCK);
    await until(async () => !(await page.locator("main").textContent())?.includes("no room"), "their row to go");
    await shown(page, "the needle");
    expect(seen.troubles).toEqual([]);
  },
);
