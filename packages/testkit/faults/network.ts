/** The fault `network`: machines of a LAN whose network is spoilt, part by part, under senders and receivers. */
import { type Back, LanMesh, whyNoLan, whyNoLossyLinks } from "testkit";
import { type Fault, type Found, threw } from "./fault.ts";
import { PARTS } from "./network/table.ts";
import { Parts } from "./parts.ts";

const NOTHING = { rounds: 0, accepted: 0, acked: 0, found: [], notes: [] };

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** All parts, or those that are asked for; one in each turn. */
export function network(only?: readonly string[]): Fault {
  const parts = new Parts("network", PARTS, only);
  const told: string[] = [];
  return {
    name: "network",
    parts: parts.names,
    wholeS: parts.chosen.reduce((sum, part) => sum + part.seconds, 0),
    missing: () => whyNoLan() ?? (parts.chosen.some((part) => part.isLossy) ? whyNoLossyLinks() : undefined),
    done: () => parts.isOver,
    left: () => parts.left(),
    async run({ seed }) {
      const part = parts.next(seed);
      if (!part) return NOTHING;
      const name = parts.nameOf(part);
      const found: Found[] = [];
      await using mesh = await LanMesh.open();
      let backs: readonly Back[] = [];
      try {
        backs = await part.run({
          mesh,
          seed,
          async talk({ west = mesh.url, east = mesh.url } = {}) {
            const partners = await mesh.talk({
              home: [mesh.machine("server"), mesh.url],
              west: [mesh.machine("west"), west],
              east: [mesh.machine("east"), east],
            });
            const of = (who: string) => partners.get(who) ?? fail(who);
            return { west: of("west"), east: of("east") };
          },
        });
        found.push(...(await mesh.finish()));
      } catch (error) {
        found.push(threw(error));
      }
      for (const { deliveryMs, sendMs } of backs) {
        if (Math.max(deliveryMs, sendMs) <= part.mostMs) continue;
        const detail = `back after ${seconds(deliveryMs)} (delivery) and ${seconds(sendMs)} (send); ${seconds(part.mostMs)} may pass`;
        found.push({ kind: "unavailable", detail });
      }
      const { acceptedCount, ackedCount } = mesh.history;
      const back = backs.map(({ deliveryMs, sendMs }) => `${seconds(deliveryMs)} and ${seconds(sendMs)}`).join(", ");
      told.push(
        `${name}: ${part.what}: back to the next delivery and answered send after ${back}; ${acceptedCount} accepted, ${ackedCount} acked`,
      );
      console.log(`       ${told.at(-1)}`);
      const named = found.map((each) => ({ ...each, detail: `${name}: ${each.detail}` }));
      return { rounds: 1, accepted: acceptedCount, acked: ackedCount, found: named, notes: [], again: [name] };
    },
    summary: () => told.join("\n  "),
  };
}

function fail(who: string): never {
  throw new Error(`nobody is named ${who}`);
}
