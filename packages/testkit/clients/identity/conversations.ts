/** Whose mailbox, with the real Claude Code and Codex: one-offs, what is resumed and forked, several at once. */
import { randomUUID } from "node:crypto";
import { type TestAgent, until } from "testkit";
import { claude } from "../claude.ts";
import type { Client, Site } from "../client.ts";
import { codex } from "../codex.ts";
import { Steps, type Tell } from "../steps.ts";

const SHOWN_WITHIN_MS = 60_000;

/** A run that stays longer than an adapter waits before it joins. */
const A_WHILE = "SLEEP:5000";

const MOST_TRIES = 4;

/** What a run has sent is there when it ends, or little later. */
const THERE_WITHIN_MS = 5_000;

/** How many conversations are resumed at once. */
const MANY = 4;

/** Runs the client's program once with a prompt; returns what it printed. */
type Run = (site: Site, prompt: string, how?: { readonly resume?: string; readonly fork?: boolean }) => Promise<string>;

const CLAUDE_MODES = ["--output-format", "json"];
const runClaude: Run = ({ sandbox }, prompt, { resume, fork } = {}) => {
  const which = resume === undefined ? [] : resume === "" ? ["--continue"] : ["--resume", resume];
  return sandbox.run("claude", ["-p", prompt, ...which, ...(fork ? ["--fork-session"] : []), ...CLAUDE_MODES]);
};

const CODEX_MODES = [
  "--skip-git-repo-check",
  "--json",
  "--dangerously-bypass-approvals-and-sandbox",
  "--dangerously-bypass-hook-trust",
];
const runCodex: Run = ({ sandbox }, prompt, { resume } = {}) =>
  sandbox.run("codex", ["exec", ...CODEX_MODES, ...(resume === undefined ? [] : ["resume", resume]), prompt]);

/** What is done with a client, and what it calls a conversation in what it prints. */
interface Kind {
  readonly run: Run;
  readonly id: RegExp;
  /** It can be forked, and the newest one continued, from the command line. */
  readonly forks: boolean;
}

async function proveConversations(
  client: Client,
  kind: Kind,
  site: Site,
  configure: () => Promise<string>,
  tell: Tell,
) {
  const steps = new Steps(tell);
  const person = await site.broker.agent("person");
  const first = { id: "", name: "" };
  await steps.step("configured", async () => {
    await client.prepare(site);
    return configure();
  });
  await steps.step("a conversation", async () => {
    Object.assign(first, await begin(kind, site, person));
    return `${first.name} is ${first.id}`;
  });
  await steps.step("one-off beside", async () => {
    const word = await send(person, first.name);
    const since = performance.now();
    const before = await agentsOf(site);
    await kind.run(site, `hello ${A_WHILE}`);
    const other = await nameIn(kind, site, person);
    // A client may kill its servers at once: then the next one clears away what is left.
    const left = async () => (await agentsOf(site)).filter((name) => name !== other).join() === before.join();
    await until(left, "the one-off run to leave no agent behind");
    if (other === first.name) throw new Error(`a one-off run is ${other}`);
    if (site.model.shown(word, since)) throw new Error("the one-off run's model was shown the mail");
    return `${other} was shown nothing of ${first.name}`;
  });
  await steps.step("resumed", () => resumed(kind, site, person, first));
  if (kind.forks) {
    await steps.step("forked", async () => {
      const forked = await nameIn(kind, site, person, { resume: first.id, fork: true });
      if (forked === first.name) throw new Error(`a fork is ${forked}`);
      return `a fork is ${forked}`;
    });
    await steps.step("continued", async () => {
      // The newest conversation is the one that --continue takes.
      const newest = await nameIn(kind, site, person, { resume: first.id });
      const continued = await nameIn(kind, site, person, { resume: "" });
      if (newest !== first.name || continued !== first.name)
        throw new Error(`--continue is ${continued}, not ${first.name}`);
      return `--continue is ${continued}`;
    });
  }
  await steps.step("many at once", async () => {
    const all = await Promise.all(Array.from({ length: MANY }, () => begin(kind, site, person)));
    const again = await Promise.all(all.toReversed().map((each) => nameIn(kind, site, person, { resume: each.id })));
    const names = all.toReversed().map(({ name }) => name);
    if (new Set(names).size < MANY || again.join() !== names.join()) throw new Error(`${names} came back as ${again}`);
    return `${again.join(", ")} came back as who they were`;
  });
}

/** A conversation that has an agent, since it has sent something. */
async function begin(kind: Kind, site: Site, person: TestAgent): Promise<{ id: string; name: string }> {
  const { printed, name } = await hello(kind, site, person);
  const [, id = ""] = kind.id.exec(printed) ?? [];
  if (id === "") throw new Error(`no conversation in: ${printed.slice(-400)}`);
  return { id, name };
}

/** Name of the agent that a run is. */
async function nameIn(kind: Kind, site: Site, person: TestAgent, how: Parameters<Run>[2] = {}): Promise<string> {
  return (await hello(kind, site, person, how)).name;
}

/** A run that sends a message. On a busy machine a client may ask its model before its servers are there: then again. */
async function hello(
  kind: Kind,
  site: Site,
  person: TestAgent,
  how: Parameters<Run>[2] = {},
): Promise<{ printed: string; name: string }> {
  for (let tries = 1; ; tries++) {
    const word = `hello-${randomUUID().slice(0, 8)}`;
    const printed = await kind.run(site, `CALL:send_message {"to":"person","message":"${word}"}`, how);
    const name = await senderOf(person, word).catch((error: unknown) => {
      if (tries === MOST_TRIES) throw error;
    });
    if (name !== undefined) return { printed, name };
  }
}

async function resumed(
  kind: Kind,
  site: Site,
  person: TestAgent,
  first: { id: string; name: string },
): Promise<string> {
  const word = await send(person, first.name);
  const since = performance.now();
  await kind.run(site, "CALL:check_messages {}", { resume: first.id });
  await until(
    () => site.model.shown(word, since),
    "the resumed conversation's model to be shown its mail",
    SHOWN_WITHIN_MS,
  );
  const name = await nameIn(kind, site, person, { resume: first.id });
  if (name !== first.name) throw new Error(`${first.name} came back as ${name}`);
  return `${name} was shown its mail`;
}

async function agentsOf({ broker }: Site): Promise<string[]> {
  const { agents } = await broker.admin.listAgents({ presence: "all" });
  return agents.map(({ name }) => name).sort();
}

async function send(person: TestAgent, to: string): Promise<string> {
  const word = `word-${randomUUID().slice(0, 8)}`;
  await person.client.send({ to, body: word });
  return word;
}

async function senderOf(person: TestAgent, word: string): Promise<string> {
  return until(
    async () => {
      const { entries } = await person.client.listMessages({ limit: 25 });
      return entries.find(({ message }) => message.body === word)?.message.from.name;
    },
    `a message "${word}"`,
    THERE_WITHIN_MS,
  );
}

function rowOf(client: Client, kind: Kind): Client {
  const { list: _, missing: __, ...rest } = client;
  const row: Client = {
    ...rest,
    name: `identity-${client.name}`,
    installedAs: client.name,
    prove: (site, configure, tell) => proveConversations(row, kind, site, configure, tell),
  };
  return row;
}

/** The rows of the table. */
export const identityConversations: readonly Client[] = [
  rowOf(claude, { run: runClaude, id: /"session_id":"([\w-]+)"/, forks: true }),
  rowOf(codex, { run: runCodex, id: /"thread_id":"([\w-]+)"/, forks: false }),
];
