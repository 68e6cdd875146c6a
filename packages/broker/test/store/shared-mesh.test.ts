/** What brokers share on Postgres, where the database fails at what nobody asked for. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Database } from "../../src/store/postgres/driver/database.ts";
import { sharedMesh } from "../../src/store/postgres/shared/shared-mesh.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a send that was counted is not refused because what is over cannot be forgotten, which is tried again", async () => {
  let deleted = 0;
  const db: Database = {
    use: (act) =>
      act({
        get: async () => undefined,
        all: async () => [],
        run: async () => {
          deleted += 1;
          throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
        },
        script: async () => [],
      }),
    close: async () => {},
  };
  const shared = sharedMesh(db, { id: "one" }, async () => {});
  const counted = [];
  for (let minute = 0; minute < 3; minute++) {
    counted.push(await shared.spend(undefined, [{ key: "agt_ann", perMinute: 1 }]));
    vi.advanceTimersByTime(60_000);
  }
  expect(counted).toEqual([undefined, undefined, undefined]);
  expect(deleted).toBe(2);
});
