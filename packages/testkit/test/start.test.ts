/** Starting a broker: one at a time, found and proven, outliving its starter, refusing with a remedy. */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { connect, ensureBroker, findBroker, openStateFolder, readMeshKey } from "@agentmesh/client/node";
import {
  cleanEnv,
  freePort,
  listening,
  programPath,
  runProgram,
  sourcesEnv,
  startMcpSession,
  startProgram,
  startTestBroker,
  tempDir,
  until,
} from "testkit";
import { describe, expect, test } from "vitest";

const conditions = "--conditions=@agentmesh/source";

/** A process that makes sure that a broker runs, says so, and ends. */
function starter(home: string, port: number) {
  const script = `
    import { ensureBroker, openStateFolder } from "@agentmesh/client/node";
    const folder = openStateFolder(process.env.AGENTMESH_HOME);
    const found = await ensureBroker({ folder, address: { url: "http://127.0.0.1:${port}", local: true }, brokerBin: ${JSON.stringify(programPath("broker"))} });
    console.log(JSON.stringify(found));
  `;
  return new Promise<{ url: string; started: boolean }>((resolve, reject) => {
    import("node:child_process").then(({ execFile }) =>
      execFile(
        process.execPath,
        [conditions, "--input-type=module", "-e", script],
        { env: sourcesEnv({ AGENTMESH_HOME: home }), cwd: import.meta.dirname },
        (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(JSON.parse(stdout))),
      ),
    );
  });
}

describe("starting", () => {
  test("by 20 adapters at once on a clean machine ends with one broker that outlives them, 20 agents, and no error shown", async () => {
    using home = tempDir();
    using place = tempDir();
    const port = await freePort();
    const sessions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        // Four sessions share each directory.
        const cwd = join(place.path, `project-${i % 5}`);
        mkdirSync(cwd, { recursive: true });
        return startMcpSession({ home: home.path, cwd, env: { AGENTMESH_PORT: String(port) } });
      }),
    );
    const names = await Promise.all(sessions.map((session) => session.joined()));
    const expected = [0, 1, 2, 3, 4].flatMap((n) => ["", "-2", "-3", "-4"].map((suffix) => `project-${n}${suffix}`));
    expect(names.sort()).toEqual(expected.sort());
    for (const session of sessions) expect(session.stderr()).not.toMatch(/error|warn/i);
    await Promise.all(sessions.map((session) => session.close()));

    const folder = openStateFolder(home.path);
    const admin = connect({ folder, token: readMeshKey(folder) ?? "", url: `http://127.0.0.1:${port}` });
    await until(async () => (await admin.status()).agents.online === 0, "the adapters to leave");
    // Those of the five directories wait for their next session; the others were their process's own, and are gone.
    expect((await admin.status()).agents.offline).toBe(5);
    expect(readFileSync(folder.logFile, "utf8").match(/broker\.started/g)).toHaveLength(1);
    for (const name of ["key", "broker.log", "broker.json", "mesh.db"]) {
      expect([name, (statSync(join(home.path, name)).mode & 0o777).toString(8)]).toEqual([name, "600"]);
    }
    expect(statSync(home.path).mode & 0o777).toBe(0o700);
    const { pid } = await admin.shutdown();
    await until(() => !isAlive(pid), "the broker to end");
  }, 60_000);

  test("a second broker on a state folder says who serves it and exits 3; after kill -9 of the first it starts at once", async () => {
    await using broker = await startTestBroker();
    const env = cleanEnv({ AGENTMESH_HOME: broker.home });
    const second = await runProgram("broker", ["--port", "0"], { env });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`pid ${broker.pid}, ${broker.url}`);
    expect((await broker.admin.health()).status).toBe("ok");
    await broker.kill("SIGKILL");
    await broker.start();
    expect((await broker.admin.health()).status).toBe("ok");
  });

  test("on a taken port exits 4 with the remedy, and clients send no token to the program that has it", async () => {
    using home = tempDir();
    let tokens = 0;
    const squatter = createServer((request, response) => {
      if (request.headers.authorization) tokens++;
      response.setHeader("content-type", "application/json").end('{"status":"ok","version":"0.1.0"}');
    });
    const port = await listening(squatter);
    const taken = await runProgram("broker", ["--port", String(port)], {
      env: cleanEnv({ AGENTMESH_HOME: home.path }),
    });
    expect(taken.code).toBe(4);
    expect(taken.stderr).toMatch(/Port \d+ on 127\.0\.0\.1 is taken by another program.*--port/);
    const folder = openStateFolder(home.path);
    const address = { url: `http://127.0.0.1:${port}`, local: true, namedBy: "AGENTMESH_PORT" };
    await expect(findBroker(folder, address)).rejects.toThrow("does not hold the key");
    await expect(ensureBroker({ folder, address, brokerBin: programPath("broker") })).rejects.toThrow("AGENTMESH_PORT");
    await expect(connect({ folder, token: "am_x", url: address.url, retryForMs: 0 }).listAgents()).rejects.toThrow();
    expect(tokens).toBe(0);
    await new Promise((resolve) => squatter.close(resolve));
  });

  test("beyond this machine needs TLS in front or a trusted network: else exit 78 and nothing listens", async () => {
    using home = tempDir();
    const refused = await runProgram("broker", ["--host", "0.0.0.0", "--port", "0"], {
      env: cleanEnv({ AGENTMESH_HOME: home.path }),
    });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain("--behind-tls-proxy");
  });

  test("with wrong settings exits 2 naming each; --help and config name every setting", async () => {
    using home = tempDir();
    const env = cleanEnv({ AGENTMESH_HOME: home.path });
    const wrong = await runProgram("broker", ["--port", "x", "--nothing"], { env });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--nothing")]);
    expect((await runProgram("broker", ["--help"], { env })).stdout).toContain("AGENTMESH_INBOX_MAX_MESSAGES");
    expect((await runProgram("broker", ["config", "--port", "81"], { env })).stdout).toMatch(/port\s+81\s+flag/);
  });

  test("in a folder that cannot be written exits 77 with the remedy", async () => {
    using home = tempDir();
    const file = join(home.path, "file");
    writeFileSync(file, "");
    const refused = await runProgram("broker", ["--port", "0"], {
      env: cleanEnv({ AGENTMESH_HOME: join(file, "home") }),
    });
    expect(refused.code).toBe(77);
    expect(refused.stderr).toContain("AGENTMESH_HOME");
  });

  test("refuses a mesh key that other users can read", async () => {
    await using broker = await startTestBroker();
    await broker.kill("SIGTERM");
    chmodSync(join(broker.home, "key"), 0o644);
    const refused = await runProgram("broker", ["--port", "0"], { env: cleanEnv({ AGENTMESH_HOME: broker.home }) });
    expect([refused.code, refused.stderr]).toEqual([77, expect.stringContaining("chmod 600")]);
    chmodSync(join(broker.home, "key"), 0o600);
    await broker.start();
  });

  test("asked to stop by its key says so, answers, and is gone; agents may not ask", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    await expect(alice.client.shutdown()).rejects.toMatchObject({ code: "forbidden" });
    const { pid } = await broker.admin.shutdown();
    await until(() => !isAlive(pid), "the broker to end");
    await broker.start();
  });

  test("is left to a person after a person stopped the broker; a session that begins later may start it", async () => {
    using home = tempDir();
    const port = await freePort();
    const folder = openStateFolder(home.path);
    const options = {
      folder,
      address: { url: `http://127.0.0.1:${port}`, local: true },
      brokerBin: programPath("broker"),
    };
    await ensureBroker(options);
    const admin = () => connect({ folder, token: readMeshKey(folder) ?? "", retryForMs: 0 });
    const stop = async () => {
      const { pid } = await admin().shutdown();
      await until(() => !isAlive(pid), "the broker to end");
    };
    await stop();
    await expect(ensureBroker(options)).rejects.toThrow(/stopped on purpose.*agentmesh up/);
    expect(await starter(home.path, port)).toMatchObject({ started: true });
    await stop();
    expect(await ensureBroker({ ...options, byPerson: true })).toMatchObject({ started: true });
    await stop();
  });

  test("a broker in the background does not keep the secrets of the session that started it", async () => {
    using home = tempDir();
    const folder = openStateFolder(home.path);
    process.env.CLAUDE_CODE_MESSAGING_TOKEN = "secret-of-the-session";
    const address = { url: `http://127.0.0.1:${await freePort()}`, local: true };
    await ensureBroker({ folder, address, brokerBin: programPath("broker") });
    delete process.env.CLAUDE_CODE_MESSAGING_TOKEN;
    const admin = connect({ folder, token: readMeshKey(folder) ?? "" });
    const { pid } = await admin.status();
    if (process.platform === "linux") {
      const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
      expect(environ).toContain(`AGENTMESH_HOME=${home.path}`);
      expect(environ).not.toContain("secret-of-the-session");
    }
    await admin.shutdown();
    await until(() => !isAlive(pid), "the broker to end");
  });

  test("a broker whose database is deleted under it stops instead of accepting what would be lost", async () => {
    using home = tempDir();
    const running = startProgram("broker", ["--port", "0", "--log-format", "json"], {
      env: cleanEnv({ AGENTMESH_HOME: home.path }),
    });
    await until(() => running.stdout().includes("broker.started"), "the broker to start");
    rmSync(join(home.path, "mesh.db"));
    expect(await running.exit).toMatchObject({ code: 74 });
    expect(running.stdout()).toContain("store.gone");
  });

  test("on an old Node would say what to do: the check stands before anything newer is loaded", () => {
    const main = readFileSync(new URL("../../broker/src/main.ts", import.meta.url), "utf8");
    expect(main.indexOf("needs Node 22.18")).toBeGreaterThan(0);
    expect(main.indexOf("needs Node 22.18")).toBeLessThan(main.indexOf("await import"));
    expect(main).not.toMatch(/^import .* from/m);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a client that lost its broker finds it again on another port, through its state folder", async () => {
  using home = tempDir();
  const env = cleanEnv({ AGENTMESH_HOME: home.path });
  const folder = openStateFolder(home.path);
  const start = async () => {
    const running = startProgram("broker", ["--port", "0", "--log-format", "json"], { env });
    await until(() => running.stdout().includes("broker.started"), "the broker to start");
    return running;
  };
  const before = await start();
  const key = readMeshKey(folder) ?? "";
  const { url } = JSON.parse(readFileSync(folder.brokerFile, "utf8")) as { url: string };
  const client = connect({ folder, token: key });
  expect((await client.status()).url).toBe(url);
  before.child.kill("SIGKILL");
  await before.exit;
  const after = await start();
  expect((await client.status()).url).not.toBe(url);
  after.child.kill("SIGTERM");
  await after.exit;
});
