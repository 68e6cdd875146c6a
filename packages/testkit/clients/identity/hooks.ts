/** Whose mail hooks bring, in the real Claude Code: equal process ids, a card that was removed, a turn that failed. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import { claude } from "../claude.ts";
import type { Client, Site } from "../client.ts";
import type { Running } from "../sandbox.ts";
import { Steps } from "../steps.ts";

const STREAM = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"];
const SHOWN_WITHIN_MS = 60_000;

/** An idle session shows a sign within 20 s; half as long again is not minutes. */
const NAMED_WITHIN_MS = 30_000;

const { list: _, ...rest } = claude;
/** The rows of the table. */
export const identityHooks: Client = {
  ...rest,
  name: "identity-hooks",
  installedAs: claude.name,
  async prove(site, configure, tell) {
    const steps = new Steps(tell);
    await steps.step("configured", async () => {
      await claude.prepare(site);
      return configure();
    });
    await steps.step("equal pids", () => equalPids(site));
    await steps.step("card removed", () => cardRemoved(site));
    await steps.step("API error", () => apiError(site));
  },
};

/** One Claude Code by itself, or as the first process of a PID namespace; with the name its agent got. */
async function open(site: Site, push: string, namespace = false): Promise<{ running: Running; name: string }> {
  const { broker, sandbox } = site;
  const online = async () =>
    (await broker.admin.listAgents()).agents.filter(({ presence }) => presence === "online").map(({ name }) => name);
  const before = await online();
  const how = namespace ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] : [];
  const [program = "", ...args] = [...how, "claude", ...STREAM];
  const running = sandbox.start(program, args, { AGENTMESH_PUSH: push });
  const name = await until(
    async () => (await online()).find((each) => !before.includes(each)),
    "the adapter to join",
    SHOWN_WITHIN_MS,
  );
  return { running, name };
}

function prompt({ running }: { running: Running }, text: string): void {
  const message = { role: "user", content: [{ type: "text", text }] };
  running.write(`${JSON.stringify({ type: "user", message })}\n`);
}

async function end({ running }: { running: Running }): Promise<void> {
  running.child.stdin?.end();
  await running.over;
}

async function equalPids(site: Site): Promise<string> {
  const sender = await site.broker.agent("namespaces");
  const sessions = [await open(site, "claude-hooks", true), await open(site, "claude-hooks", true)];
  const marks = sessions.map(({ name }) => ({ name, mail: randomUUID(), own: randomUUID() }));
  for (const { name, mail } of marks) await sender.client.send({ to: name, body: mail });
  for (const [index, session] of sessions.entries()) prompt(session, `this is ${marks[index]?.own}`);
  for (const { own, mail } of marks) {
    const both = () => site.model.requests.some(({ shown }) => shown.includes(own) && shown.includes(mail));
    await until(both, "each model to be shown its mail", SHOWN_WITHIN_MS);
  }
  const [one, two] = marks;
  const crossed = site.model.requests.filter(
    ({ shown }) =>
      one &&
      two &&
      ((shown.includes(one.own) && shown.includes(two.mail)) || (shown.includes(two.own) && shown.includes(one.mail))),
  );
  if (crossed.length > 0) throw new Error("a session was shown the mail of the other one");
  await Promise.all(sessions.map(end));
  return "two sessions, pid 1 each, one state folder: each was shown its own mail";
}

async function cardRemoved(site: Site): Promise<string> {
  const { broker } = site;
  const sender = await broker.agent("cleaner");
  const session = await open(site, "claude-hooks");
  rmSync(join(broker.home, "hooks"), { recursive: true });
  const mail = randomUUID();
  await sender.client.send({ to: session.name, body: mail });
  const began = performance.now();
  // The session's next heartbeat makes it again.
  await until(
    () => {
      if (site.model.shown(mail)) return true;
      if (site.model.pending === 0 && performance.now() - site.model.quietSince > 1_000)
        prompt(session, "look for news");
      return new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 2_000));
    },
    "the mail to come by the hooks that were made again",
    SHOWN_WITHIN_MS,
  );
  await end(session);
  return `shown ${Math.round((performance.now() - began) / 1_000)} s after "rm -rf hooks"`;
}

async function apiError(site: Site): Promise<string> {
  const { broker } = site;
  const sender = await broker.agent("impatient");
  // Claude Code takes channel events from a server that is no channel, and shows none.
  const session = await open(site, "claude-channel");
  prompt(session, "FAIL:500");
  await until(() => session.running.output().includes("API Error"), "the turn to fail", SHOWN_WITHIN_MS);
  await sender.client.send({ to: session.name, body: "into the void" });
  const began = performance.now();
  await until(
    async () => (await broker.admin.getAgent({ agent: session.name })).pushPaths[0]?.failedWhy,
    "the dead path to be named",
    NAMED_WITHIN_MS,
  );
  const seconds = Math.round((performance.now() - began) / 1_000);
  await end(session);
  return `the dead path was named ${seconds} s after the message`;
}
