/** What an agent wrote, in whatever field of its own, is text at the page: nothing of it runs, loads, or leads out by itself. */
import type { Browser, Page } from "playwright-core";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect } from "vitest";
import { chromiumHere, openPage, pageTest, shown, signedIn, startChromium } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

/** Stands in every text that the hostile agent writes. */
const SAID = "MALLORY";
/** Where everything that is asked to load would come from; nobody is there. */
const OUT = "http://out.test";

/** Each would do something harmless that is seen from here, were it taken for more than text. */
const attempts = [
  `<img src=x onerror="window.ran=1">${SAID}<script>window.ran=1</script><svg onload="window.ran=1">`,
  `"><iframe src="${OUT}/frame"></iframe><link rel=stylesheet href="${OUT}/css">${SAID}<base href="${OUT}/">`,
  `![${SAID}](${OUT}/image.png) [${SAID}](javascript:window.ran=1) <meta http-equiv=refresh content="0;url=${OUT}">`,
  `${SAID} ${OUT}/auto </style></title></textarea></div> \`\`\`\n<b onmouseover="window.ran=1">${SAID}</b>\n\`\`\``,
  `</script><form action="${OUT}"><button>${SAID}</button></form> __proto__ {{constructor}} \${ran=1} url(${OUT}/url)`,
  `data:text/html,<script>ran=1</script> ${SAID} \u202e\u2066${SAID}\u0000\u001b[31m &lt;img src=x onerror=ran=1&gt;`,
];

let broker: TestBroker;
let browser: Browser;
beforeAll(async () => {
  broker = await startTestBroker();
  if (chromiumHere !== undefined) browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await broker[Symbol.asyncDispose]();
});

/** An agent that writes this wherever an agent writes something, to the person and to another; the ids of what came of it. */
async function write(words: string, index: number) {
  const cut = (most: number) => words.replaceAll("\u0000", "").slice(0, most);
  const body = words.replaceAll("\u0000", "");
  const mallory = await broker.agent(`mallory-${index}`);
  const victim = await broker.agent(`victim-${index}`);
  const profile = { client: cut(64), host: cut(255), directory: body, repo: body, branch: cut(255), summary: cut(200) };
  const pushPaths = [{ path: "claude-inbox", failedWhy: cut(200) }];
  const { session } = await mallory.client.openSession({ ...profile, pushPaths });
  const leased = () =>
    until(async () => (await mallory.client.lease({ session: session.id })).deliveries[0], "a delivery for the agent");
  await victim.client.subscribe({ topic: `news-${index}` });
  await mallory.client.publish({ topic: `news-${index}`, body });
  const { messageId, threadId } = await mallory.client.send({ to: "cli", body });
  await mallory.client.ask({ to: "cli", body, timeoutMs: 10 });
  await mallory.client.ask({ to: victim.agent.name, body, timeoutMs: 10, answerWithinMs: 1_000 });
  await victim.client.send({ to: mallory.agent.name, body: "to be refused" });
  const first = await leased();
  await mallory.client.nack({ delivery: first.id, receipt: first.receipt, delayMs: 0, reason: cut(200) });
  const again = await leased();
  await mallory.client.reject({ delivery: again.id, receipt: again.receipt, reason: cut(200) });
  await broker.admin.setPolicy({ agent: victim.agent.name, otherwise: "hold" });
  await mallory.client.send({ to: victim.agent.name, body });
  await mallory.client.setFocus({ agent: "me", forMs: 60_000, reason: cut(200) });
  return { messageId, threadId, dead: again.message.id, name: mallory.agent.name };
}

/** What of the page would run or load something, or lead to it: handlers, frames, scripts that are not its own, addresses. */
function traps(page: Page): Promise<string[]> {
  return page.evaluate((out) => {
    const found: string[] = [];
    for (const element of document.querySelectorAll("*")) {
      if (/^(iframe|object|embed|base|form|applet)$/i.test(element.tagName) && element.outerHTML.includes(out))
        found.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) found.push(`${name}=${value}`);
        if (
          /^(src|srcset|href|action|formaction|data|poster|ping|style)$/.test(name) &&
          /javascript:|data:text/i.test(value)
        )
          found.push(`${name}=${value}`);
        if (/^(src|srcset|action|data|poster|ping)$/.test(name) && value.includes(out)) found.push(`${name}=${value}`);
        const isLink = name === "href" && value.includes(out);
        if (isLink && !/noreferrer/.test(element.getAttribute("rel") ?? ""))
          found.push(`${name}=${value}, with a referrer`);
      }
    }
    return "ran" in window ? [...found, "it ran"] : found;
  }, OUT);
}

pageTest("what an agent writes runs nothing, loads nothing and is shown as it is, in every view", async () => {
  const person = await personOf(broker);
  const written: Awaited<ReturnType<typeof write>>[] = [];
  for (const [index, words] of attempts.entries()) written.push(await write(words, index));
  await using seen = await openPage(browser, await addressFor(broker, person));
  await signedIn(seen.page);
  const views = ["needs", "agents", "flow", "conversations", "log", "health"];
  for (const { name, messageId, threadId, dead } of written) {
    views.push(`agents/${name}`, `conversations/${threadId}`, `message/${messageId}`, `message/${dead}`);
  }
  views.push(...written.map((_, index) => `conversations/topic/news-${index}`), `conversations?q=${SAID}`);
  const show = [/^agents\/mallory/, /^conversations\/thr/, /^message\//, /^needs$/];
  for (const view of views) {
    await seen.page.goto(`${broker.url}/ui/${view}`);
    if (show.some((each) => each.test(view))) await shown(seen.page, SAID);
    else await shown(seen.page, /\S/);
    expect(await traps(seen.page), view).toEqual([]);
  }
  expect(seen.troubles).toEqual([]);
  const own = (url: string) => url.startsWith(`${broker.url}/`) || url.startsWith("data:");
  expect(seen.asked.filter((url) => !own(url))).toEqual([]);
});

pageTest("a page that is there to look shows no button that does something", async () => {
  const { code } = await broker.admin.pageCode({ readOnly: true });
  await using seen = await openPage(browser, `${broker.url}/ui/needs#code=${code}`);
  await signedIn(seen.page);
  await shown(seen.page, /look/);
  for (const each of await seen.page.locator(".act").all()) expect(await each.isDisabled()).toBe(true);
});
