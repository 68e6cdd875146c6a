/** Near names in a mesh of any size: what is meant is found, and nobody else waits for it. */
import { NAME_CHARACTERS } from "@agentmesh/protocol";
import fc from "fast-check";
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { findNearNames } from "../src/mesh/names/near-names.ts";
import { largeMesh } from "./large-mesh.ts";
import { drivers } from "./store/drivers.ts";

const KEY = { kind: "key" } as const;

/** A name of an agent that is one letter away from what it is given, or has two letters changed over. */
function typo(name: string, how: number, at: number, letter: string): string {
  const place = at % name.length;
  const [before, after] = [name.slice(0, place), name.slice(place)];
  if (how === 0) return before + letter + after;
  if (how === 1) return before + after.slice(1);
  if (how === 2) return before + letter + after.slice(1);
  return before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2);
}

test.each(drivers)("a name with one wrong letter is found among thousands like it, by $name", async (driver) => {
  await using mesh = largeMesh(driver);
  const names = Array.from({ length: 4_000 }, (_, i) => `worker-${(i * 7_919) % 100_003}.job-${i % 13}`);
  names.push("poker-engine", "poker-ui", "ab", "x".repeat(64), `${"y".repeat(30)}-${"z".repeat(33)}`);
  await mesh.register(names);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 0, max: 3_999 }), fc.integer({ min: 4_000, max: 4_004 })),
      fc.integer({ min: 0, max: 3 }),
      fc.nat(63),
      fc.constantFrom(...NAME_CHARACTERS),
      async (nth, how, at, letter) => {
        const meant = names[nth] ?? "";
        const wanted = typo(meant, how, at, letter);
        // Of a short name one letter may be wrong, not two.
        fc.pre(wanted.length > (how === 3 ? 3 : 1));
        const found = await findNearNames(mesh.store, wanted, mesh.turns.look(KEY));
        // Of many that are as near, five are named.
        if (found.length < 5) expect(found).toContain(meant);
        else expect(found.length).toBe(5);
      },
    ),
    { numRuns: 300 },
  );
});

test("what was asked is found by one of the words of a name, and by its beginning", async () => {
  await using mesh = largeMesh();
  await mesh.register(["poker-engine", "poker-engine-2", "chess.engine_7", "enginex", "other"]);
  const near = (wanted: string) => findNearNames(mesh.store, wanted, mesh.turns.look(KEY));
  expect((await near("engine")).sort()).toEqual(["chess.engine_7", "enginex", "poker-engine", "poker-engine-2"]);
  expect(await near("poker")).toEqual(["poker-engine", "poker-engine-2"]);
});

test("who is archived or has left is not near, under its old name neither", async () => {
  await using mesh = largeMesh();
  const [gone] = await mesh.register(["old-engine", "quiet-engine"]);
  if (gone) await mesh.store.removeAgent(gone);
  await mesh.store.archiveAgents(0, 10);
  await mesh.register(["engine-room"]);
  expect(await findNearNames(mesh.store, "engine", mesh.turns.look(KEY))).toEqual(["engine-room"]);
  expect(mesh.db.prepare("SELECT COUNT(*) AS n FROM agent_word").get()).toEqual({ n: 2 });
});

test("forty looks for names that nobody has, among ten thousand, let others go on", { timeout: 60_000 }, async () => {
  await using mesh = largeMesh();
  await mesh.register(Array.from({ length: 10_000 }, (_, i) => `worker-with-a-long-name-${i}`));
  const looks = Array.from({ length: 40 }, (_, i) => `worker-with-a-lung-name-${i * 250}`);
  const hold = await longestHold(() =>
    Promise.all(looks.map((wanted) => mesh.agents.resolve(wanted, KEY).catch(() => undefined))),
  );
  // Comparing with every name, forty held everybody for 4.5 s. Quiet, this is 11 ms.
  expect(hold).toBeLessThan(250);
});
