/** A broker behind a proxy: machines join through it; what passes streams on is not noticed, what holds them back is said once and costs nothing. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  assertInTime,
  cleanEnv,
  freePort,
  openNginx,
  openProxy,
  type RunningProgram,
  startInTerminal,
  startTestBroker,
  stopwatch,
  tempDir,
  until,
  whyNoNginx,
  whyNoTerminals,
} from "testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeServerPair } from "../../broker/src/tls/certificates.ts";
import { cli, startCli } from "./run-cli.ts";

const DAY_MS = 86_400_000;

type OpenProxy = (port: number, broker: number) => Promise<AsyncDisposable>;

/** A broker behind a proxy, and two agents that talk beside it. */
async function behind(open: OpenProxy) {
  await using opened = new AsyncDisposableStack();
  // A broker of this machine is asked at its own port alone; a name below localhost is how one behind a proxy is reached.
  const host = `mesh.localhost:${await freePort()}`;
  const broker = opened.use(await startTestBroker({ args: ["--allowed-hosts", host] }));
  opened.use(await open(Number(host.split(":")[1]), broker.port));
  const url = `http://${host}`;
  const { client: alice } = await broker.agent("alice");
  await broker.agent("bob");
  const running = opened.move();
  const follow = (...args: string[]) => startCli(broker.home, args, { AGENTMESH_URL: url });
  return { broker, url, alice, follow, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const nginx =
  (...lines: readonly string[]): OpenProxy =>
  (port, broker) =>
    openNginx(
      port,
      [`proxy_pass http://127.0.0.1:${broker};`, "proxy_set_header Host $http_host;", ...lines].join(" "),
    );

const times = ({ stderr }: RunningProgram, words: string) => stderr().split(words).length - 1;
const shows = (running: RunningProgram, words: string) =>
  until(() => running.stdout().includes(words), `"${words}"`, 30_000);

async function ended(running: RunningProgram): Promise<void> {
  running.child.kill("SIGINT");
  expect((await running.exit).code).toBe(0);
}

const HELD_BACK = "holds the stream of events back";
const kinds = [
  {
    name: "a proxy that passes on what is whole",
    why: undefined,
    open: (port: number, broker: number) =>
      openProxy({ inside: [] }, `127.0.0.1:${port}`, `127.0.0.1:${broker}`, { buffer: true }),
  },
  {
    name: `nginx that buffers whatever the broker says${whyNoNginx === undefined ? "" : ` (skipped: ${whyNoNginx})`}`,
    why: whyNoNginx,
    open: nginx("proxy_ignore_headers X-Accel-Buffering;"),
  },
];

describe.each(kinds)("behind $name", (kind) => {
  test.skipIf(kind.why !== undefined)(
    "what follows says once that events are held back, misses nothing, and waits no longer",
    async () => {
      await using site = await behind(kind.open);
      const { alice, broker, follow, url } = site;
      await alice.send({ to: "bob", body: "was there" });
      const following = [
        follow("log", "-f"),
        follow("log", "-f", "--json"),
        follow("inbox", "bob", "-f"),
        follow("inbox", "bob", "-f", "--json"),
      ];
      await Promise.all(following.map((each) => shows(each, "was there")));
      await alice.send({ to: "bob", body: "before it is known" });
      for (const each of following) {
        await until(() => times(each, HELD_BACK) === 1, `what is said on stderr: ${each.stderr()}`, 30_000);
        expect(each.stderr()).toContain(`Something on the way to ${url} ${HELD_BACK}`);
        expect(each.stderr()).toContain("docs/operations.md, Behind a proxy");
      }
      await alice.send({ to: "bob", body: "once it is known" });
      await Promise.all(following.map((each) => shows(each, "once it is known")));
      await broker.kill("SIGKILL");
      await broker.start();
      await alice.send({ to: "bob", body: "after a restart" });
      await Promise.all(following.map((each) => shows(each, "after a restart")));
      for (const each of following) {
        await ended(each);
        expect(times(each, HELD_BACK)).toBe(1);
        const bodies = ["was there", "before it is known", "once it is known", "after a restart"];
        expect(bodies.map((body) => each.stdout().split(body).length - 1)).toEqual([1, 1, 1, 1]);
      }
    },
  );

  test.skipIf(kind.why !== undefined || whyNoTerminals !== undefined)(
    `top shows that it asks, and says why when it ends${whyNoTerminals === undefined ? "" : ` (skipped: ${whyNoTerminals})`}`,
    async () => {
      await using site = await behind(kind.open);
      const { alice, broker, url } = site;
      const env = cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_URL: url, NO_COLOR: "1", TERM: "xterm" });
      const top = startInTerminal(["top"], { env, columns: 80, rows: 24, isTold: true });
      onTestFinished(() => void top.child.kill("SIGKILL"));
      top.child.stdin?.write("3");
      await until(() => top.stdout().includes("no events come through, asks"), "the heading", 30_000);
      await alice.send({ to: "bob", body: "seen all the same" });
      await shows(top, "seen all the same");
      top.child.stdin?.write("q");
      expect((await top.exit).code).toBe(0);
      // A terminal has one output; what is said stands behind the screen that was given back.
      expect(top.stdout().split("\u001b[?1049l")[1]?.replaceAll(/\s+/g, " ")).toContain(HELD_BACK);
    },
  );
});

test.skipIf(whyNoNginx !== undefined)(
  `behind nginx as it comes log -f has its events, and nothing is said${whyNoNginx === undefined ? "" : ` (skipped: ${whyNoNginx})`}`,
  async () => {
    await using site = await behind(nginx());
    const { alice, follow } = site;
    const following = follow("log", "-f");
    await until(() => following.stderr().includes("Waiting for"), "it to follow");
    // Sooner than it is given up that the stream opens, and the log asked.
    const ms = stopwatch();
    await alice.send({ to: "bob", body: "at once" });
    await shows(following, "at once");
    assertInTime(ms(), 3_000);
    await ended(following);
    expect(times(following, HELD_BACK)).toBe(0);
  },
);

test.skipIf(whyNoNginx !== undefined)(
  `a machine joins by one line through nginx that speaks TLS for the broker${whyNoNginx === undefined ? "" : ` (skipped: ${whyNoNginx})`}`,
  async () => {
    const host = `mesh.localhost:${await freePort()}`;
    await using broker = await startTestBroker({ args: ["--behind-tls-proxy", "--allowed-hosts", host] });
    const authority = await makeAuthority(Date.now());
    const pair = await makeServerPair(authority, ["mesh.localhost"], Date.now(), DAY_MS);
    const location = `proxy_pass http://127.0.0.1:${broker.port}; proxy_set_header Host $http_host;`;
    await using _nginx = await openNginx(Number(host.split(":")[1]), location, pair);
    using home = tempDir();
    // The certificate is one that the other machine trusts already: no pin stands in the line.
    writeFileSync(join(home.path, "trusted.pem"), authority.cert);
    const trusting = { NODE_EXTRA_CA_CERTS: join(home.path, "trusted.pem") };
    const { stdout: line } = await cli(broker.home, ["invite"]);
    const joined = await cli(home.path, ["join", ...line.trim().split(" ").slice(2), "--host", "laptop"], trusting);
    expect(joined.stdout + joined.stderr).toContain(`joined the mesh at https://${host} as laptop`);
    expect(joined.stdout).toContain("a call and a stream got through");
    await broker.agent("near");
    expect(await cli(home.path, ["send", "near", "through the proxy"], trusting)).toMatchObject({ code: 0 });
    const { entries } = await broker.admin.listInbox({ agent: "near" });
    expect(entries).toMatchObject([{ message: { body: "through the proxy" }, trust: "remote" }]);
    // Whom nobody trusts is sent nothing.
    expect((await cli(home.path, ["send", "near", "untold"])).stderr).toContain("certificate");
  },
);
