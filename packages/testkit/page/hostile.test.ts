/** What an agent wrote, in whatever field of its own, is text at the page: nothing of it runs, loads, or leads out by itself. */
import type { Page } from "playwright-core";
import { until } from "testkit";
import { expect } from "vitest";
import { allShown, brokerForAll, browserForAll, openPage, pageTest, signedIn } from "./browser.ts";
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

const broker = brokerForAll();
const browser = browserForAll();

/** An agent that writes this wherever an agent writes something, to the person and to another; the ids of what came of it. */
async function write(words: string, index: number) {
  const cut = (most: number) => words.replaceAll("\u0000", "").slice(0, most);
  const body = words.replaceAll("\u0000", "");
  const mallory = await broker().agent(`mallory-${index}`);
  const victim = await broker().agent(`victim-${index}`);
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
  await broker().admin.setPolicy({ agent: victim.agent.name, otherwise: "hold" });
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
  const person = await personOf(broker());
  const written: Awaited<ReturnType<typeof write>>[] = [];
  for (const [index, words] of attempts.entries()) written.push(await write(words, index));
  await using seen = await openPage(browser(), await addressFor(broker(), person));
  await signedIn(seen.page);
  // Each view with what it shows once it has looked: what the agent wrote, or its name where a view shows no more of it.
  const views: [view: string, texts: (string | RegExp)[]][] = [
    ["needs", [SAID]],
    ["agents", [SAID]],
    ["flow", ["mallory-0"]],
    ["conversations", [SAID, "news-0"]],
    [`conversations?q=${SAID}`, [SAID]],
    ["log", ["mallory-"]],
    ["health", [/accepted → /, /\d online/]],
  ];
  for (const [index, { name, messageId, threadId, dead }] of written.entries()) {
    views.push([`agents/${name}`, [SAID, "Takes messages of"]], [`conversations/${threadId}`, [SAID, "Copy"]]);
    views.push(
      [`message/${messageId}`, [SAID, "As a model is shown it"]],
      [`message/${dead}`, ["to be refused", SAID]],
    );
    views.push([`conversations/topic/news-${index}`, [SAID, "Publish"]]);
  }
  for (const [view, texts] of views) {
    await seen.page.goto(`${broker().url}/ui/${view}`);
    await allShown(seen.page, texts);
    expect(await traps(seen.page), view).toEqual([]);
  }
  expect(seen.troubles).toEqual([]);
  const own = (url: string) => url.startsWith(`${broker().url}/`) || url.startsWith("data:");
  expect(seen.asked.filter((url) => !own(url))).toEqual([]);
});

pageTest("a page that is there to look shows no button that does something", async () => {
  const { name } = await write("may I?", attempts.length);
  const { code } = await broker().admin.pageCode({ readOnly: true });
  await using seen = await openPage(browser(), `${broker().url}/ui/needs#code=${code}`);
  await signedIn(seen.page);
  for (const view of ["needs", `agents/${name}`]) {
    await seen.page.goto(`${broker().url}/ui/${view}`);
    await allShown(seen.page, ["may I?", ...(view === "needs" ? [] : ["Takes messages of"])]);
    // All at a time: rows come and go.
    const acts = await seen.page
      .locator("button.act")
      .evaluateAll((all) => all.map((each) => [each.textContent, each.matches(":disabled")] as const));
    expect(acts.length, view).toBeGreaterThan(0);
    expect(
      acts.filter(([, isDisabled]) => !isDisabled),
      view,
    ).toEqual([]);
  }
});
