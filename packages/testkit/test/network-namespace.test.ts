/** One state folder, two network namespaces, as of a container and its host: what is reachable from here, and how. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BrokerFile } from "@agentmesh/protocol";
import {
  cleanEnv,
  type Network,
  openNetwork,
  programArgs,
  startMcpSession,
  tempDir,
  until,
  watched,
  whyNoNetworks,
} from "testkit";
import { describe, expect, test } from "vitest";

const why = whyNoNetworks();
const SLOW = { timeout: 180_000 };
const elsewhere = /runs \(pid \d+, http:\/\/127\.0\.0\.1:7899\) in another network namespace/;

function commands(network: Network, home: string) {
  return (args: readonly string[], env: Record<string, string> = {}) =>
    network.run("cli", args, { env: cleanEnv({ AGENTMESH_HOME: home, ...env }) });
}

function announced(home: string): BrokerFile {
  return BrokerFile.parse(JSON.parse(readFileSync(join(home, "broker.json"), "utf8")));
}

/** Carries connections to a port of the loopback `here` to the same port `there`, through a socket file: what socat does. */
async function forward(here: Network, there: Network, port: number, socket: string): Promise<() => Promise<unknown>> {
  const script = (listen: string, connect: string) =>
    `const n = require("net"); n.createServer((a) => { const b = n.connect(${connect}); a.pipe(b).pipe(a); for (const s of [a, b]) s.on("error", () => { a.destroy(); b.destroy(); }) }).listen(${listen}, () => console.log("up"))`;
  const at = `{ host: "127.0.0.1", port: ${port} }`;
  const ends = [
    { network: there, code: script(JSON.stringify(socket), at) },
    { network: here, code: script(at, JSON.stringify(socket)) },
  ].map(({ network, code }) => {
    const [command = "", ...args] = [...network.inside, process.execPath, "-e", code];
    return watched(spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }));
  });
  await until(() => ends.every((end) => end.stdout().includes("up")), "the forwarding");
  return () => {
    for (const { child } of ends) child.kill("SIGKILL");
    return Promise.all(ends.map(({ exit }) => exit));
  };
}

function root(...command: string[]): ChildProcess {
  return spawn(command[0] ?? "", command.slice(1), { stdio: "inherit" });
}

describe.skipIf(why !== undefined)(
  `one folder in two network namespaces${why === undefined ? "" : ` (skipped: ${why})`}`,
  SLOW,
  () => {
    test("is said by every command, the adapter and a second broker, none of which disturbs the one that runs", async () => {
      using home = tempDir();
      await using host = await openNetwork();
      await using box = await openNetwork();
      const [onHost, inBox] = [commands(host, home.path), commands(box, home.path)];
      expect(await onHost(["up"])).toMatchObject({ code: 0 });
      const log = readFileSync(join(home.path, "broker.log"), "utf8");

      for (const args of [
        ["status"],
        ["agents"],
        ["up"],
        ["up", "--port", "7999"],
        ["down"],
        ["send", "a", "b"],
        ["whoami"],
      ]) {
        const ended = await inBox(args);
        expect(ended, args.join(" ")).toMatchObject({ code: 3, stdout: "" });
        expect(ended.stderr).toMatch(elsewhere);
        expect(ended.stderr).toContain("--network host");
        expect(ended.stderr).toContain("forward port 7899 of the loopback here to port 7899 there");
        expect(ended.stderr).toContain("AGENTMESH_URL");
        expect(ended.stderr).not.toMatch(/agentmesh (up|down)/);
      }
      await using session = await startMcpSession({ home: home.path, cwd: home.path, under: box.inside });
      const answer = await session.tool("list_peers");
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(elsewhere);
      expect(answer.text).not.toContain("in a few seconds");
      expect(readFileSync(join(home.path, "broker.log"), "utf8")).toBe(log);

      const second = await box.run("broker", [], { env: cleanEnv({ AGENTMESH_HOME: home.path }) });
      expect(second.code).toBe(3);
      expect(second.stderr).toMatch(/already serves .* in another network namespace .* would damage it/);
      expect(second.stderr).not.toContain("down");
      expect(await onHost(["status"])).toMatchObject({ code: 0 });
      process.kill(announced(home.path).pid);
      await until(
        () => session.tool("list_peers").then((now) => !now.isError),
        "the adapter to start one when none runs",
      );
      expect(await inBox(["down"])).toMatchObject({ code: 0 });
    });

    test("is over when the port is forwarded to the same number: commands and adapters work, and down stops the broker there", async () => {
      using home = tempDir();
      await using host = await openNetwork();
      await using box = await openNetwork();
      const inBox = commands(box, home.path);
      // As in a container: process 1 there is not process 1 here.
      const [command = "", ...args] = [...host.inside, "unshare", "--pid", "--fork", "--mount-proc", process.execPath];
      const env = cleanEnv({ AGENTMESH_HOME: home.path });
      const broker = watched(
        spawn(command, [...args, ...programArgs("broker")], { env, stdio: ["ignore", "pipe", "pipe"] }),
      );
      await until(() => broker.stdout().includes("broker.started"), "the broker");
      expect(announced(home.path).pid).toBe(1);
      expect((await inBox(["status"])).stderr).toContain("pid 1, ");
      const stop = await forward(box, host, 7_899, join(home.path, "forward.sock"));
      expect(await inBox(["status"])).toMatchObject({ code: 0, stderr: "" });
      await using session = await startMcpSession({ home: home.path, cwd: home.path, under: box.inside });
      const name = await session.joined();
      expect(await inBox(["send", name, "hello"])).toMatchObject({ code: 0 });
      await session.close();
      expect(await inBox(["down"])).toMatchObject({ code: 0, stderr: "" });
      expect((await broker.exit).code).toBe(0);
      await stop();
    });

    test("is over with an address of the broker that is reached from here, and with one network", async () => {
      using home = tempDir();
      await using host = await openNetwork();
      await using box = await openNetwork();
      const pidOf = (network: Network) => /\/proc\/(\d+)\//.exec(network.inside[1] ?? "")?.[1] ?? "";
      const link = ["ip", "link", "add", "mesh0", "type", "veth", "peer", "name", "mesh1", "netns", pidOf(box)];
      const steps = [
        [...host.inside, ...link],
        [...host.inside, "sh", "-c", "ip addr add 10.77.0.1/24 dev mesh0 && ip link set mesh0 up"],
        [...box.inside, "sh", "-c", "ip addr add 10.77.0.2/24 dev mesh1 && ip link set mesh1 up"],
      ];
      for (const step of steps) {
        const done = root(...step);
        expect(await new Promise((resolve) => done.once("close", resolve))).toBe(0);
      }
      const env = cleanEnv({ AGENTMESH_HOME: home.path });
      const broker = host.start("broker", ["--host", "10.77.0.1", "--trusted-network"], { env });
      await until(() => broker.stdout().includes("broker.started"), "the broker");
      const AGENTMESH_URL = "http://10.77.0.1:7899";
      expect(await commands(box, home.path)(["status"], { AGENTMESH_URL })).toMatchObject({ code: 0, stderr: "" });
      expect(await commands(host, home.path)(["status"])).toMatchObject({ code: 0, stderr: "" });
      expect(await commands(host, home.path)(["down"])).toMatchObject({ code: 0, stderr: "" });
    });

    test("is over with a folder of its own, and with the broker there: a stale announcement of it is none", async () => {
      using home = tempDir();
      using own = tempDir();
      await using host = await openNetwork();
      await using box = await openNetwork();
      const inBox = commands(box, home.path);
      expect(await commands(host, home.path)(["up"])).toMatchObject({ code: 0 });
      expect(await commands(box, own.path)(["up"])).toMatchObject({ code: 0, stderr: "" });
      expect(await commands(box, own.path)(["down"])).toMatchObject({ code: 0 });

      process.kill(announced(home.path).pid, "SIGKILL");
      await until(async () => /No broker runs at/.test((await inBox(["status"])).stderr), "the lock to be free");
      expect(await inBox(["up"])).toMatchObject({ code: 0, stderr: "" });
      expect((await commands(host, home.path)(["status"])).stderr).toMatch(elsewhere);
      expect(await inBox(["down"])).toMatchObject({ code: 0 });
    });
  },
);
