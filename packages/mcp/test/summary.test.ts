/** The summary that the adapter makes: from git alone, by a model only when told to, and what that model is sent. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { listening, type McpSession, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { directory, endBroker, session } from "./setting.ts";

interface Asked {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** An OpenAI-compatible endpoint of the outside world; `said` is what it answers, or a status, or silence. */
async function endpoint(said: string | number | undefined | Promise<string>) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ path: request.url, authorization: request.headers.authorization, body });
    const answer = await said;
    if (answer === undefined) return;
    if (typeof answer === "number") response.writeHead(answer).end();
    else response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: answer } }] }));
  });
  const port = await listening(server);
  return {
    asked,
    url: `http://127.0.0.1:${port}/v1/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let broker: TestBroker;
let slow: Awaited<ReturnType<typeof endpoint>>;
let waiting: McpSession;

beforeAll(async () => {
  broker = await startTestBroker();
  slow = await endpoint(undefined);
  waiting = await session(broker, repository("slow"), { env: llm(slow.url) });
  await waiting.joined();
});

afterAll(async () => {
  await waiting.close();
  await slow[Symbol.asyncDispose]();
  await endBroker(broker);
});

const llm = (url: string) => ({
  AGENTMESH_SUMMARY: "llm",
  AGENTMESH_SUMMARY_URL: url,
  AGENTMESH_SUMMARY_MODEL: "some-model",
  OPENAI_API_KEY: "sk-secret-key",
});

/** A repository with one commit, one changed file and one new one; returns its name. */
function repository(name: string): string {
  const cwd = directory(broker, name);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd, stdio: "ignore" });
  git("init", "-b", "feature/deal");
  writeFileSync(join(cwd, "deck.ts"), "first");
  git("add", ".");
  git("commit", "-m", "shuffle before the deal");
  writeFileSync(join(cwd, "deck.ts"), "SECRET CONTENT");
  writeFileSync(join(cwd, "new file.ts"), "SECRET CONTENT");
  return name;
}

const summaryOf = async (name: string) => (await broker.admin.getAgent({ agent: name })).summary;
const saying = (name: string, summary: string) =>
  until(async () => (await summaryOf(name)) === summary, `the summary of ${name} to be ${summary}`);
const local = (name: string) => `${name}@feature/deal: "shuffle before the deal" (2 files changed)`;

test("it names branch, last commit and how many files are changed; a key in the environment sends nothing", async () => {
  await using openai = await endpoint("never asked");
  const { AGENTMESH_SUMMARY, ...onlyKey } = llm(openai.url);
  await using agent = await session(broker, repository("by-git"), { env: onlyKey });
  await agent.joined();
  await saying("by-git", local("by-git"));
  await agent.tool("set_summary", { summary: "dealing" });
  await saying("by-git", "dealing");
  expect(openai.asked).toEqual([]);
});

test("a model that is switched on is sent branch, commit subjects and file names, and nothing else", async () => {
  await using openai = await endpoint("  Repairing\nthe deal \u001b[31m ");
  await using agent = await session(broker, repository("by-llm"), { env: llm(openai.url) });
  await agent.joined();
  await saying("by-llm", "by-llm: Repairing the deal [31m");
  const [asked] = openai.asked;
  expect(openai.asked).toHaveLength(1);
  expect(asked).toMatchObject({ path: "/v1/chat/completions", authorization: "Bearer sk-secret-key" });
  const body = z
    .strictObject({ model: z.string(), messages: z.array(z.strictObject({ role: z.string(), content: z.string() })) })
    .parse(JSON.parse(asked?.body ?? ""));
  expect(body.model).toBe("some-model");
  expect(body.messages.at(-1)?.content.split("\n")).toEqual([
    "Branch: feature/deal",
    "Commit: shuffle before the deal",
    "Changed file: deck.ts",
    "Changed file: new file.ts",
  ]);
  expect(agent.stderr()).not.toContain("sk-secret-key");
});

test("a model that fails leaves the local summary, and the log says so", async () => {
  await using openai = await endpoint(500);
  await using agent = await session(broker, repository("failing"), { env: llm(openai.url) });
  await agent.joined();
  await until(() => agent.stderr().includes("summary.llm_failed"), "the failure to be logged");
  expect(agent.stderr()).toContain("answered 500");
  expect(await summaryOf("failing")).toBe(local("failing"));
});

test("a model that does not answer is given up after three seconds", async () => {
  await until(() => slow.asked.length === 1, "the model to be asked");
  await until(() => waiting.stderr().includes("summary.llm_failed"), "the model to be given up");
  expect(await summaryOf("slow")).toBe(local("slow"));
});

test("what the agent says itself is never replaced, however late the model is", async () => {
  const { promise: words, resolve: answer } = Promise.withResolvers<string>();
  await using late = await endpoint(words);
  await using agent = await session(broker, repository("own-words"), { env: llm(late.url) });
  await agent.joined();
  await until(() => late.asked.length === 1, "the model to be asked");
  await agent.tool("set_summary", { summary: "my own words" });
  answer("the model's words");
  for (let i = 0; i < 20; i++) {
    await agent.tool("whoami");
    expect(await summaryOf("own-words")).toBe("my own words");
  }
});
