/** A hook socket or card that somebody removes: noticed at the next heartbeat, made again, and told. */
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMcpSession, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directory, endBroker, hook, session } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker({ args: ["--heartbeat-ms", "300"] });
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

const folder = () => join(broker.home, "hooks");
const fileOf = (end: string) => {
  const name = readdirSync(folder()).find((file) => file.endsWith(end));
  return name === undefined ? undefined : join(folder(), name);
};
const found = (end: string) => fileOf(end) ?? "none";

const losses: readonly (readonly [string, () => void])[] = [
  ["its socket is removed", () => rmSync(found(".sock"))],
  ["its card is removed", () => rmSync(found(".json"))],
  ["the folder is removed", () => rmSync(folder(), { recursive: true })],
  ["the folder is moved away", () => renameSync(folder(), `${folder()}-${Date.now()}`)],
  ["its card is emptied", () => truncateSync(found(".json"))],
  [
    "a file stands where its socket was",
    () => {
      const path = found(".sock");
      rmSync(path);
      writeFileSync(path, "");
    },
  ],
];

test.each(losses)("when %s hooks bring mail again after a heartbeat, and the session is told", async (_, lose) => {
  const name = `lost-${losses.findIndex(([, each]) => each === lose)}`;
  await using bob = await session(broker, name, { env: { CLAUDE_CODE_SESSION_ID: `ses-${name}` } });
  await bob.joined();
  const before = await until(() => fileOf(".json"), "the card");
  lose();
  await until(() => bob.stderr().includes("hooks.made_again"), "the adapter to notice");
  expect(fileOf(".json")).not.toBe(before);
  await sender.send({ to: name, body: `mail for ${name}` });
  const input = { hook_event_name: "PostToolUse", session_id: `ses-${name}` };
  expect(await hook(broker, ["claude"], input)).toContain(`mail for ${name}`);
  const told = (await bob.tool("check_messages")).text;
  expect(told).toMatch(/hooks of this session brought no mail for a while: .*(removed|changed).*That is mended/s);
});

test("while a socket cannot be made senders and the session are told why, until it can be", async () => {
  const env = { CLAUDE_CODE_SESSION_ID: "ses-shut", AGENTMESH_PUSH: "claude-hooks" };
  await using bob = await session(broker, "shut", { env });
  await bob.joined();
  const input = { hook_event_name: "PostToolUse", session_id: "ses-shut" };
  await hook(broker, ["claude"], input);
  rmSync(folder(), { recursive: true });
  writeFileSync(folder(), "");
  const failing = async () => (await broker.admin.getAgent({ agent: "shut" })).pushPaths[0]?.failedWhy;
  const toAll = await until(failing, "the path to be called failing");
  expect(toAll).toMatch(
    /^hooks cannot find their adapter, pid \d+: .*\(ENOTDIR\)\. It is tried again every few seconds$/,
  );
  expect(toAll).not.toMatch(/Move it|mv |\/hooks/);
  const sent = await sender.send({ to: "shut", body: "through a shut door" });
  expect(sent.deliveries[0]?.warnings.map(({ code }) => code)).toEqual(["push_path_failing"]);
  expect((await bob.tool("whoami")).text).toMatch(
    /Mail cannot be brought by hooks: .*hooks is a file, where a folder belongs \(ENOTDIR\)\. Move it away: mv /,
  );
  rmSync(folder());
  await until(async () => (await failing()) === undefined, "the path to be whole again");
  expect(await hook(broker, ["claude"], input)).toContain("through a shut door");
  await bob.tool("check_messages");
});

test("a hook in a copy of the state folder does not find the adapter of the original", async () => {
  await using bob = await session(broker, "original", { env: { CLAUDE_CODE_SESSION_ID: "ses-original" } });
  await bob.joined();
  const card = await until(() => fileOf(".json"), "the card");
  const home = join(broker.home, "copy");
  mkdirSync(join(home, "hooks"), { recursive: true });
  // A socket is no file to copy; its card names it by its whole path.
  cpSync(join(broker.home, "key"), join(home, "key"));
  cpSync(card, join(home, "hooks", "copied.json"));
  await sender.send({ to: "original", body: "mail for the original" });
  const input = { hook_event_name: "PostToolUse", session_id: "ses-original" };
  expect(await hook({ home }, ["claude"], input)).toBe("");
  expect(await hook(broker, ["claude"], input)).toContain("mail for the original");
  await bob.tool("check_messages");
});

test("a socket in the folder for temporary files is made again", async () => {
  const temp = join(broker.home, "temp");
  const home = join(broker.home, "h".repeat(100));
  mkdirSync(temp);
  cpSync(join(broker.home, "key"), join(home, "key"));
  const env = { TMPDIR: temp, CLAUDE_CODE_SESSION_ID: "ses-temp" };
  await using bob = await startMcpSession({ home, url: broker.url, cwd: directory(broker, "temp"), env });
  const name = await bob.joined();
  for (const file of readdirSync(temp)) if (file.endsWith(".sock")) rmSync(join(temp, file));
  await until(() => bob.stderr().includes("hooks.made_again"), "the adapter to notice");
  await sender.send({ to: name, body: "mail for temp" });
  const input = { hook_event_name: "PostToolUse", session_id: "ses-temp" };
  expect(await hook({ home }, ["claude"], input)).toContain("mail for temp");
  await bob.tool("check_messages");
});
