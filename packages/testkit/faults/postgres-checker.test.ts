/** The history checker over brokers on one Postgres: it finds what is told before it is on the disk, and nothing in good ones. */
import { until } from "testkit";
import { describe, expect, test } from "vitest";
import { nodePostgres } from "../../broker/src/store/postgres/driver/node-postgres.ts";
import { openPostgresMesh, type PostgresMesh, whyNoPostgresMesh } from "./postgres/mesh.ts";
import { Workload, type WorkloadOptions } from "./workload.ts";

const FEW: WorkloadOptions = { seed: 7, senders: 4, receivers: 3, crashShare: 0, nackShare: 0 };

/** Lets senders go on until so many more sends are answered. */
const answered = ({ history }: Workload, more: number) => {
  const before = history.acceptedCount;
  return until(() => history.acceptedCount >= before + more, "sends to be answered", 60_000);
};

async function sql({ server }: PostgresMesh, statement: string): Promise<void> {
  const url = server.addressOf("postgres");
  const db = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
  await db.use((connection) => connection.script(statement));
  await db.close();
}

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

  test("finds sends that were answered before they were committed to the disk, when the database is killed", async () => {
    // What is not flushed with its commit is flushed so seldom.
    await using mesh = await openPostgresMesh({}, { wal_writer_delay: "10s" });
    const workload = await Workload.start(mesh, FEW);
    await answered(workload, 5);
    // Behind the back of the brokers, which would not have opened such a database.
    await sql(mesh, "ALTER SYSTEM SET synchronous_commit = off");
    await sql(mesh, "SELECT pg_reload_conf()");
    await answered(workload, 20);
    await powerCut(mesh);
    await answered(workload, 1);
    const kinds = (await workload.finish(5_000)).map(({ kind }) => kind);
    expect(kinds).toContain("lost");
  });
});
