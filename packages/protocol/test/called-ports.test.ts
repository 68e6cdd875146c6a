/** The ports that no setting takes, because nobody could call a broker there. */
import { isCalled } from "@agentmesh/protocol";
import { expect, test } from "vitest";

test("every port that is not taken is one that fetch refuses before it connects; those around them are taken", async () => {
  const refused = Array.from({ length: 65_535 }, (_, i) => i + 1).filter((port) => !isCalled(port));
  for (const port of refused) {
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { message: "bad port" } });
  }
  expect(refused).toEqual(expect.arrayContaining([1, 22, 2049, 6000, 6665, 6669, 10_080]));
  expect([2, 80, 443, 6664, 6670, 7899, 8080, 10_081].filter((port) => !isCalled(port))).toEqual([]);
});
