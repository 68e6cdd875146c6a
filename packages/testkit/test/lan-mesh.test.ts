/** A mesh over three machines whose network is spoilt, in short: `pnpm test:faults --only network` does it for minutes. */
import { LAN_TLS_PORT, LanMesh, openProxy, thorough, whyNoLan } from "testkit";
import { describe, expect, test } from "vitest";

const why = whyNoLan();
const SLOW = { timeout: 300_000 };
/** How long the cable is out: that is the fault itself, and nothing is waited for meanwhile. */
const CUT_MS = 4_000;
/** A proxy cuts more often than a stream says that it is alive. */
const IDLE_MS = 2_000;
/** A call waits longer for its answer than a machine may take to be back: what has died is found otherwise. */
const TIMEOUT_MS = 40_000;
const BACK_WITHIN_MS = 30_000;

describe.skipIf(why !== undefined)(`a mesh over machines${why === undefined ? "" : ` (skipped: ${why})`}`, SLOW, () => {
  test("loses nothing, keeps order and repeats nothing after its ack over a cut cable, a proxy that cuts, and (thorough) a new address and connections that are forgotten on the way", async () => {
    await using mesh = await LanMesh.open();
    const [gate, server, east] = [mesh.machine("gate"), mesh.machine("server"), mesh.machine("east")];
    const proxied = `${gate.address}:${LAN_TLS_PORT}`;
    const proxy = mesh.use(await openProxy(gate, proxied, `${server.address}:${LAN_TLS_PORT}`, { cutIdleMs: IDLE_MS }));
    const partners = await mesh.talk(
      { near: [server, mesh.url], west: [mesh.machine("west"), `https://${proxied}`], east: [east, mesh.url] },
      { timeoutMs: TIMEOUT_MS },
    );
    const back = async (name: string, from: number) => {
      const partner = partners.get(name);
      if (partner) await mesh.back(partner, from, BACK_WITHIN_MS);
    };
    east.unplug();
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    east.plug();
    await back("east", Date.now());
    if (thorough) {
      // Once as a machine does, and once as what is between two does it: nobody is told, and no connection is of use any more.
      east.move();
      await back("east", Date.now() + 200);
      await proxy.vanish();
      await back("west", Date.now());
    }
    await back("west", Date.now());
    expect(await mesh.finish()).toEqual([]);
    expect(mesh.history.ackedCount).toBeGreaterThan(30);
  });
});
