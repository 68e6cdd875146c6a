/** Hooks in containers that share one state folder: equal process ids, other mounts, other users. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  cleanEnv,
  programArgs,
  sourcesEnv,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
  whyNoOtherUser,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { directory, endBroker } from "./setting.ts";

/** Namespaces need root, or a system that gives them to everybody. */
const missing = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status !== 0;
const needs = missing ? " (skipped: unshare is not allowed here)" : "";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

const Answer = z.object({
  failed: z.string().optional(),
  name: z.string().optional(),
  client: z.int().optional(),
  printed: z.string().optional(),
  read: z.string().optional(),
});

/** A client as process 1 of a PID namespace. */
class Container implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(home: string, how: readonly string[] = ["--mount-proc"]) {
    const program = fileURLToPath(new URL("namespace-client.ts", import.meta.url));
    const node = [process.execPath, "--conditions=@agentmesh/source", program, home];
    this.#child = spawn("unshare", ["--pid", "--fork", "--kill-child", ...how, ...node], {
      env: sourcesEnv(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#child;
    if (!stdout) throw new Error("no stdout");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async tell(order: Record<string, string>): Promise<z.infer<typeof Answer>> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value } = await this.#lines.next();
    const answer = Answer.parse(JSON.parse(value));
    if (answer.failed !== undefined) throw new Error(answer.failed);
    return answer;
  }

  start(name: string) {
    return this.tell({ do: "start", url: broker.url, cwd: directory(broker, name), session: `ses-${name}` });
  }

  async hook(session: string): Promise<string> {
    return (await this.tell({ do: "hook", session })).printed ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.tell({ do: "end" });
    this.#child.stdin?.end();
    await over;
  }
}

test.skipIf(missing)(
  `with equal process ids in two PID namespaces a hook gets its own session's mail alone${needs}`,
  async () => {
    await using one = new Container(broker.home);
    await using two = new Container(broker.home);
    const first = await one.start("alike");
    await sender.send({ to: first.name ?? "", body: "for alike alone" });
    // The second client has no adapter yet: its process is pid 1, as the first one's.
    expect(first.client).toBe(1);
    expect(await two.hook("ses-other")).toBe("");

    const second = await two.start("other");
    expect(second.client).toBe(first.client);
    await sender.send({ to: second.name ?? "", body: "for other alone" });
    await two.tell({ do: "clear", session: "ses-after-clear" });
    const printed = await two.hook("ses-after-clear");
    expect(printed).toContain("for other alone");
    expect(printed).not.toContain("for alike alone");
    await one.tell({ do: "clear", session: "ses-after-clear-too" });
    expect(await one.hook("ses-after-clear-too")).toContain("for alike alone");
    // The same conversation, opened in the other container as well.
    await sender.send({ to: first.name ?? "", body: "more for alike" });
    expect(await two.hook("ses-alike")).not.toContain("more for alike");
    await Promise.all([one.tell({ do: "read" }), two.tell({ do: "read" })]);
  },
);

test.skipIf(missing)(
  `a namespace that sees the processes of another one takes none of them for its client${needs}`,
  async () => {
    await using outer = new Container(broker.home);
    await using inner = new Container(broker.home, []);
    const { name = "" } = await outer.start("listed");
    await sender.send({ to: name, body: "for listed alone" });
    expect(await inner.hook("ses-unlisted")).toBe("");
    expect(await outer.hook("ses-listed")).toContain("for listed alone");
    await outer.tell({ do: "read" });
  },
);

test.skipIf(missing)(
  `a hook whose /tmp is another one leaves the card of an adapter that it cannot reach${needs}`,
  async () => {
    using place = tempDir();
    const temp = join(place.path, "tmp");
    // So long that the socket stands in the folder for temporary files.
    const home = join(place.path, "a".repeat(100));
    mkdirSync(temp);
    cpSync(join(broker.home, "key"), join(home, "key"));
    const env = { TMPDIR: temp, CLAUDE_CODE_SESSION_ID: "ses-far" };
    await using bob = await startMcpSession({ home, url: broker.url, cwd: directory(broker, "far"), env });
    await sender.send({ to: await bob.joined(), body: "for far alone" });
    const hookIn = (prepare: string) =>
      spawnSync(
        "unshare",
        [
          "--mount",
          "sh",
          "-c",
          `${prepare} exec "$@"`,
          "sh",
          process.execPath,
          ...programArgs("mcp", ["hook", "claude"]),
        ],
        {
          env: cleanEnv({ AGENTMESH_HOME: home }),
          input: JSON.stringify({ hook_event_name: "PostToolUse", session_id: "ses-far" }),
          encoding: "utf8",
        },
      );
    const cards = () => readdirSync(join(home, "hooks")).filter((file) => file.endsWith(".json"));
    expect(hookIn(`mount -t tmpfs none ${temp};`)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(cards()).toHaveLength(1);
    expect(hookIn("").stdout).toContain("for far alone");
    await bob.tool("check_messages");
  },
);

const noUser = whyNoOtherUser();

test.skipIf(missing || noUser !== undefined)(
  `a hook of another user gets nothing and takes nothing away${needs || (noUser === undefined ? "" : ` (skipped: ${noUser})`)}`,
  async () => {
    const cwd = directory(broker, "mine");
    await using bob = await startMcpSession({
      home: broker.home,
      url: broker.url,
      cwd,
      env: { CLAUDE_CODE_SESSION_ID: "ses-mine" },
    });
    await sender.send({ to: await bob.joined(), body: "for mine alone" });
    const files = () => readdirSync(join(broker.home, "hooks")).sort();
    const before = files();
    const input = JSON.stringify({ hook_event_name: "PostToolUse", session_id: "ses-mine" });
    const options = { env: cleanEnv({ AGENTMESH_HOME: broker.home }), input, encoding: "utf8" as const, cwd: "/" };
    const command = [process.execPath, ...programArgs("mcp", ["hook", "claude"])];
    const [file = "", ...args] = command;
    const foreign = spawnSync(file, args, { ...options, uid: 65534, gid: 65534 });
    expect(foreign.stdout).toBe("");
    expect(files()).toEqual(before);
    // Where a machine is busy a hook gives up in silence, and the next one prints it.
    await until(() => spawnSync(file, args, options).stdout.includes("for mine alone"), "the own hook to print it");
    await bob.tool("check_messages");
  },
);

test("an adapter that was killed leaves a card that the next hook or adapter takes away", async () => {
  // A killed session counts as online for a while: the other tests wait for none.
  await using own = await startTestBroker();
  const start = (name: string) =>
    startMcpSession({
      home: own.home,
      url: own.url,
      cwd: directory(own, name),
      env: { CLAUDE_CODE_SESSION_ID: `ses-${name}` },
    });
  const killed = await start("killed");
  await killed.joined();
  const hooks = join(own.home, "hooks");
  const before = readdirSync(hooks);
  expect(before).toHaveLength(2);
  process.kill(killed.pid, "SIGKILL");
  await killed.close();
  await using next = await start("next");
  await next.joined();
  await until(() => before.every((file) => !existsSync(join(hooks, file))), "the card to be swept");
  expect(readdirSync(hooks)).toHaveLength(2);
});
