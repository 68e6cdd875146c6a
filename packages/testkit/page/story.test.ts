/** A day at the page, as a person has it: real adapters, a receiver that dies, held mail, a question; every view as it looks. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { cleanEnv, openClaudeInbox, runProgram, startMcpSession, startTestBroker, tempDir, until } from "testkit";
import { expect } from "vitest";
import { browserForAll, inColours, openPage, pageTest, shown } from "./browser.ts";

/** A heartbeat of sessions, as it is where nobody sets it. */
const HEARTBEAT_MS = 15_000;

const browser = browserForAll();

const need = (page: Page, kind: string) => page.locator(`li.need[data-kind="${kind}"]`);
const gone = (page: Page, kind: string) =>
  until(async () => (await need(page, kind).count()) === 0, `no row of ${kind}`);

/** Tables and pictures that reach beyond what is seen of their part of the view. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("main table, main svg")]
      .filter((each) => {
        const around = each.parentElement?.closest("section, main, td, div");
        return around && each.getBoundingClientRect().right > around.getBoundingClientRect().right + 1;
      })
      .map((each) => each.outerHTML.slice(0, 80)),
  );
}

/** Each view at three widths and in both themes: nothing is wider than its window. Kept as pictures where a folder is named. */
async function looked(
  page: Page,
  url: string,
  views: Readonly<Record<string, readonly [path: string, shows: string | RegExp]>>,
): Promise<void> {
  const folder = process.env.AGENTMESH_PICTURES;
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  for (const [name, [path, shows]] of Object.entries(views)) {
    await page.goto(`${url}/ui/${path}`);
    await shown(page, shows);
    for (const width of [400, 1_200, 2_560]) {
      await page.setViewportSize({ width, height: width === 400 ? 800 : 720 });
      const overflow = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect(overflow, `${name} at ${width} pixels`).toBeLessThanOrEqual(0);
      if (width > 400) expect(await cutOff(page), `what is cut off of ${name} at ${width} pixels`).toEqual([]);
      for (const colorScheme of ["light", "dark"] as const) {
        await inColours(page, colorScheme);
        if (folder !== undefined)
          await page.screenshot({ animations: "disabled", path: join(folder, `${name}-${width}-${colorScheme}.png`) });
      }
    }
  }
  await page.setViewportSize({ width: 1_200, height: 720 });
}

pageTest("a person sees who joins, what is stuck and what is asked, and ends each of it by one button", async () => {
  await using broker = await startTestBroker({ args: ["--max-attempts", "1"] });
  using place = tempDir();
  const env = cleanEnv({ AGENTMESH_HOME: broker.home, NO_COLOR: "1" });
  const { stdout: address } = await runProgram("cli", ["ui", "--print"], { env });
  await using seen = await openPage(browser(), address.trim());
  const { page } = seen;
  await shown(page, "Nothing waits for you");

  const joinAs = async (name: string, more: Record<string, string> = {}) => {
    const setting = { AGENTMESH_NAME: name, AGENTMESH_CANARY: "off", ...more };
    const session = await startMcpSession({ home: broker.home, url: broker.url, cwd: place.path, env: setting });
    expect(await session.joined()).toBe(name);
    return session;
  };
  await page.getByRole("navigation").getByRole("link", { name: "Agents" }).click();
  await using alice = await joinAs("alice");
  await using inbox = await openClaudeInbox();
  const bob = await joinAs("bob", { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path });
  await shown(page, "alice");
  await shown(page, "bob");

  // A message goes through, and the page has each step with its time.
  const { data } = await alice.tool("send_message", { to: "bob", message: "the tests are green" });
  const messageId = String(data.message_id);
  await until(() => inbox.texts.length > 0, "the push");
  await bob.tool("check_messages");
  await page.goto(`${broker.url}/ui/message/${messageId}`);
  await shown(page, "the tests are green");
  await shown(page, "acked");
  const { timeline } = (await broker.admin.getMessage({ message: messageId })).deliveries[0] ?? { timeline: [] };
  expect(timeline.length).toBeGreaterThan(2);
  expect(await page.locator("main").textContent()).toMatch(/\d+(\.\d+)? m?s/);

  // Its receiver dies with the next one in hand.
  await page.goto(`${broker.url}/ui/needs`);
  await alice.tool("send_message", { to: "bob", message: "and now deploy" });
  await until(() => inbox.texts.length > 1, "the second push");
  process.kill(bob.pid, "SIGKILL");
  const died = performance.now();
  await need(page, "dead").waitFor({ timeout: 2 * HEARTBEAT_MS });
  expect(performance.now() - died).toBeLessThan(2 * HEARTBEAT_MS);
  expect(await need(page, "dead").textContent()).toContain("and now deploy");
  await bob.close().catch(() => {});

  // Mail is held, and a question waits for the person.
  const dave = await broker.agent("dave", { summary: "the release notes" });
  await broker.admin.setPolicy({ agent: "dave", otherwise: "hold" });
  await alice.tool("send_message", { to: "dave", message: "may I write to you?" });
  const carol = await broker.agent("carol");
  const asked = carol.client.ask({ to: "cli", body: "All 412 tests pass. Ship it?" });
  await need(page, "held").waitFor();
  await need(page, "question").waitFor();
  await looked(page, broker.url, {
    "needs-you": ["needs", "Ship it?"],
    agents: ["agents", "the release notes"],
    agent: ["agents/bob", "Takes messages of"],
    flow: ["flow", "alice"],
    conversations: ["conversations", "may I write to you?"],
    message: [`message/${messageId}`, "As a model is shown it"],
    log: ["log", "alice"],
    health: ["health", "accepted → acked"],
  });

  // Each by its button.
  await page.goto(`${broker.url}/ui/needs`);
  await need(page, "question").getByRole("button", { name: "Yes" }).click();
  expect(await asked).toMatchObject({ reply: { body: "Yes.", from: { name: "cli" } }, replyTrust: "operator" });
  await gone(page, "question");
  await need(page, "held").getByRole("button", { name: "Admit" }).click();
  await gone(page, "held");
  expect((await dave.client.lease()).deliveries.map(({ message }) => message.body)).toEqual(["may I write to you?"]);
  await need(page, "dead").getByRole("button", { name: "Redrive" }).click();
  await gone(page, "dead");
  await using again = await joinAs("bob");
  expect((await again.tool("check_messages")).text).toContain("and now deploy");
  const { entries } = await broker.admin.log({ limit: 100 });
  const steps = entries.filter(({ to, seq }) => to.name === "bob" && seq === 2).map(({ event }) => event);
  await until(async () => (await broker.admin.status()).deliveries.acked >= 3, "the ack of what was redriven");
  expect(steps).toContain("redriven");
  expect(seen.troubles).toEqual([]);
});
