/** On the libc of Debian 11 (2.31), for which better-sqlite3 has no addon: start, send, receive. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cleanEnv, programArgs, startMcpSession, type TempDir, tempDir } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { inUserland, makeUserland, whyNoUserland } from "./userland.ts";

const run = promisify(execFile);
const whyNot = whyNoUserland();
const PORT = "17897";

describe.skipIf(whyNot !== undefined)(
  `on the libc of Debian 11${whyNot === undefined ? "" : ` (skipped: ${whyNot})`}`,
  () => {
    let home: TempDir;

    const env = () => cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: PORT, HOME: "/root" });
    const cli = async (...args: string[]) => {
      const [command = "", ...rest] = [...inUserland(home.path), process.execPath, ...programArgs("cli", args)];
      return (await run(command, rest, { env: env(), cwd: "/" })).stdout;
    };
    const session = (name: string) =>
      startMcpSession({
        home: home.path,
        cwd: "/",
        under: inUserland(home.path),
        env: { AGENTMESH_PORT: PORT, AGENTMESH_NAME: name },
      });

    beforeAll(async () => {
      home = tempDir();
      await makeUserland();
    });

    afterAll(async () => {
      if (whyNot === undefined) await cli("down");
      home[Symbol.dispose]();
    });

    test("the libc is that of Debian 11, and the addon of better-sqlite3 does not load there", async () => {
      const [command = "", ...args] = [...inUserland(home.path), "ldd", "--version"];
      expect((await run(command, args)).stdout).toContain("2.31");
      const forced = cli("up");
      await expect(forced).resolves.toContain("The broker is up");
      const { storage } = z
        .object({ storage: z.object({ driver: z.object({ name: z.string(), why: z.string() }) }) })
        .parse(JSON.parse(await cli("status", "--json")));
      expect(storage.driver.name).toBe("node-sqlite");
      expect(storage.driver.why).toMatch(/GLIBC_2\.3\d' not found/);
      expect(await cli("status")).toContain("opened by Node's own SQLite");
    });

    test("an adapter starts the broker, one agent sends, the other receives and acks, a restart loses nothing", async () => {
      await cli("down");
      await using ann = await session("ann");
      expect(await ann.joined()).toBe("ann");
      await using ben = await session("ben");
      expect(await ben.joined()).toBe("ben");
      const sent = await ann.tool("send_message", { to: "ben", message: "from an old libc" });
      expect(sent.isError).toBe(false);
      expect((await ben.tool("check_messages")).text).toContain("from an old libc");
      expect(await cli("history")).toContain("from an old libc");
      await cli("down");
      await cli("up");
      expect(await cli("log")).toContain("acked");
      expect(await cli("history")).toContain("from an old libc");
    });
  },
);
