/** The history checker over brokers on one Postgres: it finds what is told before it is committed, and nothing in good ones. */
import { until } from "testkit";
import { describe, expect, test } from "vitest";
import { openMeshByLines, openPostgresMesh, type PostgresMesh, whyNoPostgresMesh } from "./postgres/mesh.ts";
import { Workload, type WorkloadOptions } from "./workload.ts";

const FEW: WorkloadOptions = { seed: 7, senders: 4, receivers: 3, crashShare: 0, nackShare: 0 };

/** Lets senders go on until so many more sends are answered. */
const answered = ({ history }: Workload, more: number) => {
  const before = history.acceptedCount;
  return until(() => history.acceptedCount >= before + more, "sends to be answered", 60_000);
};

/** The power of the database fails, and comes back. */
async function powerCut({ server }: PostgresMesh): Promise<void> {
  await server.kill();
  await server.start();
}

describe.skipIf(whyNoPostgresMesh() !== undefined)("the checker, given three brokers on one Postgres,", () => {
  test("finds nothing when the database and a broker are killed", async () => {
    await using mesh = await openPostgresMesh();
    const workload = await Workload.start(mesh, { ...FEW, crashShare: 0.01, nackShare: 0.05 });
    await answered(workload, 20);
    await powerCut(mesh);
    await answered(workload, 10);
    await mesh.brokers[1]?.kill("SIGKILL");
    await answered(workload, 10);
    await mesh.brokers[1]?.start();
    expect(await workload.finish()).toEqual([]);
  });

  test("finds sends that were answered before they were committed, when the database is killed", async () => {
    await using mesh = await openMeshByLines();
    for (const [n] of mesh.brokers.entries()) await mesh.lines.spoil(n, "lie", 50);
    const workload = await Workload.start(mesh, FEW);
    await answered(workload, 20);
    await powerCut(mesh);
    await answered(workload, 1);
    for (const [n] of mesh.brokers.entries()) await mesh.lines.spoil(n, "mend");
    const kinds = (await workload.finish(5_000)).map(({ kind }) => kind);
    expect(kinds).toContain("lost");
  });
});
