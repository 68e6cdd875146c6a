/** The page by keyboard alone, and for a screen reader: what axe-core finds in each view, in both themes. */
import { randomBytes } from "node:crypto";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { allShown, brokerForAll, browserForAll, inColours, openPage, pageTest, shown, signedIn } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

/** A mesh in which every kind of row has something to show. */
async function fill() {
  const name = (noun: string) => `${noun}-${randomBytes(3).toString("hex")}`;
  const alice = await broker().agent(name("alice"), { summary: "the engine", branch: "main" });
  const bob = await broker().agent(name("bob"));
  await alice.client.openSession({
    client: "claude-code",
    pushPaths: [{ path: "claude-inbox", failedWhy: "no socket" }],
  });
  await bob.client.subscribe({ topic: "build.done" });
  await alice.client.publish({ topic: "build.done", body: "**green**" });
  const { messageId, threadId } = await alice.client.send({
    to: bob.agent.name,
    body: "# News\n\n- `one`\n- [two](https://example.org)",
  });
  await bob.client.send({ to: alice.agent.name, body: "thanks", threadId });
  const { deliveries } = await bob.client.lease();
  for (const { id, receipt } of deliveries) await bob.client.reject({ delivery: id, receipt, reason: "not mine" });
  await broker().admin.setPolicy({ agent: bob.agent.name, otherwise: "hold" });
  await alice.client.send({ to: bob.agent.name, body: "may I?" });
  await alice.client.ask({ to: "cli", body: "Ship it?", timeoutMs: 10 });
  return { alice, bob, messageId, threadId };
}

async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run(document));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
}

pageTest("axe-core finds nothing serious in any view, light or dark", async () => {
  const person = await personOf(broker());
  const { alice, messageId, threadId } = await fill();
  // Its own script is injected: the page's policy would not let it in.
  await using seen = await openPage(browser(), await addressFor(broker(), person), {
    bypassCSP: true,
    reducedMotion: "reduce",
  });
  await signedIn(seen.page);
  const { page } = seen;
  const { name } = alice.agent;
  const views: [view: string, texts: (string | RegExp)[]][] = [
    ["needs", ["not mine", "Ship it?"]],
    ["agents", [name]],
    [`agents/${name}`, ["the engine", "Takes messages of"]],
    ["flow", [name]],
    ["conversations", ["green"]],
    [`conversations/${threadId}`, ["two", "thanks"]],
    ["conversations/topic/build.done", ["green"]],
    [`message/${messageId}`, ["two", "As a model is shown it"]],
    ["log", [name]],
    ["health", [/\d online/]],
  ];
  for (const [view, texts] of views) {
    await page.goto(`${broker().url}/ui/${view}`);
    await allShown(page, texts);
    for (const colorScheme of ["light", "dark"] as const) {
      await inColours(page, colorScheme);
      expect(await serious(page), `${view}, ${colorScheme}`).toEqual([]);
    }
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  expect(await serious(page), "the palette").toEqual([]);
});

pageTest("by keyboard alone a dead letter is redriven, an agent is found and the person comes back", async () => {
  const person = await personOf(broker(), "keyboard");
  const { bob } = await fill();
  await using seen = await openPage(browser(), await addressFor(broker(), person, "/needs"));
  const { page } = seen;
  const dead = page.locator('li.need[data-kind="dead"]').filter({ hasText: bob.agent.name });
  await dead.waitFor();
  const rows = await page.locator("li.need").count();
  // Down the list to its row, and on to its first button.
  for (let n = 0; n <= rows; n++) {
    await page.keyboard.press("j");
    if (await dead.evaluate((row) => row.contains(document.activeElement))) break;
  }
  const onRedrive = () => page.evaluate(() => document.activeElement?.textContent?.startsWith("Redrive") === true);
  for (let n = 0; n < 8 && !(await onRedrive()); n++) await page.keyboard.press("Tab");
  expect(await onRedrive()).toBe(true);
  await page.keyboard.press("Enter");
  await dead.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type(bob.agent.name);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/ui/agents/${bob.agent.name}`);
  await shown(page, bob.agent.name);
  await page.goBack();
  await page.waitForURL("**/ui/needs");
});
