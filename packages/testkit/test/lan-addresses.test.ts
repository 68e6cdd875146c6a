/** A broker whose address changes, and machines that joined by the address before. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { openStateFolder } from "@agentmesh/client/node";
import { readInviteLine } from "@agentmesh/protocol";
import { cleanEnv, openInterceptor, openLan, startMcpSession, until, whyNoLan } from "testkit";
import { describe, expect, test } from "vitest";
import { makeAuthority, makeServerPair } from "../../broker/src/tls/certificates.ts";
import { Desk } from "./desk.ts";

const why = whyNoLan();
const DAY_MS = 86_400_000;
const PORT = 7_901;

describe.skipIf(why !== undefined)(
  `a broker on another machine${why === undefined ? "" : ` (skipped: ${why})`}`,
  { timeout: 180_000 },
  () => {
    test("is found at an address that it told, whoever has the one of the invite now, and who has that learns nothing", async () => {
      await using lan = await openLan(["desk", "laptop", "thief"]);
      using desk = new Desk(lan.machine("desk"));
      using laptop = new Desk(lan.machine("laptop"));
      const thief = lan.machine("thief");
      const before = desk.machine.address;
      const env = cleanEnv({ AGENTMESH_HOME: desk.home });
      const broker = desk.machine.start("broker", ["--tls", String(PORT)], { env });
      await until(() => broker.stdout().includes("broker.started"), "the broker");
      await laptop.joined(await desk.invited(), "laptop");
      await using far = await startMcpSession({
        home: laptop.home,
        cwd: laptop.home,
        under: laptop.machine.inside,
        env: { AGENTMESH_NAME: "far" },
      });
      expect(await far.joined()).toBe("far");

      const after = desk.machine.gain();
      const { addressesFile } = openStateFolder(laptop.home);
      const told = () => existsSync(addressesFile) && readFileSync(addressesFile, "utf8").includes(`//${after}:`);
      await until(told, "the address to be told", 60_000);
      if (process.platform !== "win32") expect(statSync(addressesFile).mode & 0o777).toBe(0o600);

      desk.machine.move(after);
      thief.move(before);
      const pair = await makeServerPair(await makeAuthority(Date.now()), [before], Date.now(), DAY_MS);
      await using between = await openInterceptor(thief, `${before}:${PORT}`, `${after}:${PORT}`, pair);
      expect(await laptop.agents()).toContain("far on laptop");
      const sent = await far.toolOnce("send_message", { to: "far", message: "to myself" });
      expect(sent.isError, sent.text).toBe(false);
      await until(() => between.seen().includes("came"), "somebody to come to the address of the invite");
      expect(between.seen()).not.toContain("sent");

      // Who joins now is not led to the address that the broker has no more.
      const urls = readInviteLine(await desk.invited())?.urls;
      expect(urls).toContain(`https://${after}:${PORT}`);
      expect(urls).not.toContain(`https://${before}:${PORT}`);

      await laptop.done("leave", "--yes");
      expect(existsSync(addressesFile)).toBe(false);
    });
  },
);
