/** Buttons that must not say more than is so: of a webhook that takes nothing, of a page that nobody writes at, of a message to many. */
import { askingAgainText, pingText } from "@agentmesh/protocol";
import { freePort, until } from "testkit";
import { expect } from "vitest";
import { allShown, brokerForAll, browserForAll, openPage, pageTestBeside, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

pageTestBeside("a test of a webhook that is not taken says so, and why", async () => {
  await broker().agent("hooked");
  await broker().admin.setWebhook({ agent: "hooked", url: `http://127.0.0.1:${await freePort()}/` });
  const address = await addressFor(broker(), await personOf(broker(), "tester"), "/agents/hooked");
  await using seen = await openPage(browser(), address);
  await seen.page.getByRole("button", { name: "Test now" }).click();
  await shown(seen.page, /It was not taken: \S/);
});

pageTestBeside("where nobody writes, what is sent is off and says why, and what needs no sender works", async () => {
  const alice = await broker().agent("alice-of-acts");
  const bob = await broker().agent("bob-of-acts");
  await alice.client.send({ to: "bob-of-acts", body: "not for me" });
  const [given] = (await bob.client.lease()).deliveries;
  if (given === undefined) throw new Error("nothing was leased");
  await bob.client.reject({ delivery: given.id, receipt: given.receipt, reason: "no" });
  await using seen = await openPage(browser(), await addressFor(broker(), undefined, "/agents/bob-of-acts"));
  const { page } = seen;
  await allShown(page, ["Takes messages of", "writes as nobody"]);
  const ping = page.getByRole("button", { name: "Ping" });
  expect(await ping.isDisabled()).toBe(true);
  expect(await ping.getAttribute("title")).toContain("Nobody writes here");
  await page.getByRole("link", { name: /^Needs you/ }).click();
  await page.getByRole("button", { name: "Redrive" }).click();
  await until(async () => (await broker().admin.listDead()).entries.length === 0, "the dead letter to be redriven");
});

pageTestBeside("a message to many is taken back by one button, from all that were not given it", async () => {
  const person = await personOf(broker(), "publisher");
  for (const name of ["first", "second"]) {
    const { client } = await broker().agent(`${name}-subscriber`);
    await client.subscribe({ topic: "acts.news" });
  }
  const { messageId } = await person.client.publish({ topic: "acts.news", body: "too early" });
  await using seen = await openPage(browser(), await addressFor(broker(), person, `/message/${messageId}`));
  const { page } = seen;
  await allShown(page, ["first-subscriber", "second-subscriber"]);
  const cancel = page.getByRole("button", { name: "Cancel" });
  expect(await cancel.count()).toBe(1);
  await cancel.click();
  await shown(page, "Take it back from everybody who was not given it yet?");
  await cancel.click();
  await until(async () => {
    const { deliveries } = await broker().admin.getMessage({ message: messageId });
    return deliveries.every(({ state }) => state === "cancelled");
  }, "both deliveries to be cancelled");
  await until(async () => (await cancel.count()) === 0, "the button to go");
});

pageTestBeside("a ping is the command line's, and a conversation of others has no field to answer in", async () => {
  const person = await personOf(broker(), "pinger");
  const alice = await broker().agent("alice-of-pings");
  await broker().agent("bob-of-pings");
  await using seen = await openPage(browser(), await addressFor(broker(), person, "/agents/alice-of-pings"));
  const { page } = seen;
  await page.getByRole("button", { name: "Ping" }).click();
  await shown(page, pingText("pinger"));
  const [ping] = (await alice.client.lease()).deliveries;
  if (ping === undefined) throw new Error("the ping was not leased");
  const { acceptedAt, expiresAt } = ping.message;
  expect(Date.parse(expiresAt) - Date.parse(acceptedAt)).toBe(70_000);
  await alice.client.send({ to: "pinger", body: "here", inReplyTo: ping.message.id });
  const { threadId } = await alice.client.send({ to: "bob-of-pings", body: "between us" });

  const fields = page.getByRole("textbox", { name: /^Message to/ });
  await page.goto(`${broker().url}/ui/conversations/${ping.message.threadId}`);
  await shown(page, "here");
  await until(async () => (await fields.count()) === 1, "the field to answer in");
  await page.goto(`${broker().url}/ui/conversations/${threadId}`);
  await page.getByRole("article").filter({ hasText: "between us" }).waitFor();
  expect(await fields.count()).toBe(0);
});

pageTestBeside("who owes an overdue answer is asked again, and owes it no more, each by a button", async () => {
  const person = await personOf(broker(), "go-between");
  const waiter = await broker().agent("waiter");
  const debtor = await broker().agent("debtor");
  // As long again it is overdue, and then owed no more by itself.
  const question = { to: "debtor", body: "which port?", answerWithinMs: 15_000, timeoutMs: 0 };
  const { messageId } = await waiter.client.ask(question);
  await using seen = await openPage(browser(), await addressFor(broker(), person, "/needs"));
  const row = seen.page.locator('li.need[data-kind="overdue"]', { hasText: "which port?" });
  await row.getByRole("button", { name: "Ask debtor again" }).click();
  const texts = async ({ client }: typeof waiter) =>
    (await client.listInbox()).entries.map(({ message }) => message.body);
  await until(async () => (await texts(debtor)).includes(askingAgainText("waiter", messageId)), "the reminder");
  const waive = row.getByRole("button", { name: "Need no answer" });
  await waive.hover();
  await shown(seen.page, `$ agentmesh waive ${messageId}`);
  await waive.click();
  await row.getByText("Have debtor owe waiter no answer any more?").waitFor();
  await waive.click();
  await row.waitFor({ state: "detached" });
  expect((await debtor.client.listAsks()).owed).toEqual([]);
  const [told] = (await waiter.client.getMessage({ message: messageId })).deliveries;
  expect(told?.timeline.at(-1)).toMatchObject({ event: "waived", reason: "at the page by go-between" });
  expect(await texts(waiter)).toEqual([expect.stringContaining("It was waived at the page by go-between:")]);
  await seen.page.goto(`${broker().url}/ui/message/${messageId}`);
  await shown(seen.page, "waived at the page by go-between");

  // What the person asked itself it need not be told.
  const own = await person.client.ask({ to: "debtor", body: "which host?", timeoutMs: 0 });
  await seen.page.goto(`${broker().url}/ui/message/${own.messageId}`);
  for (let n = 0; n < 2; n++) await seen.page.getByRole("button", { name: "Need no answer" }).click();
  await shown(seen.page, "no answer will come of debtor: waived by its asker");
  expect(await texts(person)).toEqual([]);
});
