/** The history checker finds what a broken broker does, says which promise it broke, and finds nothing in a good one. */
import { History, type LedgerEntry, ledgerFindings, startTestBroker, type TestBroker, until } from "testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Found } from "./fault.ts";
import {
  acksBeforeDurable,
  dropsSends,
  forgetsKeys,
  hidesRedelivery,
  inventsMessages,
  reorders,
  repeatsAcked,
  swapsRecipients,
} from "./faulty-fetch.ts";
import { Workload, type WorkloadOptions } from "./workload.ts";

describe("the checker", () => {
  // One each: what a broken broker leaves behind is not to be found again by the next test.
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await startTestBroker({ env: { AGENTMESH_STREAM_GRACE_MS: "100" } });
  });
  afterEach(() => broker[Symbol.asyncDispose]());

  async function run(
    options: Partial<WorkloadOptions>,
    more: { readonly sends?: number; readonly kill?: boolean; readonly drainMs?: number } = {},
  ): Promise<{ found: Found[]; accepted: number }> {
    const base = { seed: 7, senders: 4, receivers: 3, crashShare: 0, nackShare: 0 };
    const workload = await Workload.start(broker, { ...base, ...options });
    const { history } = workload;
    await until(() => history.acceptedCount >= (more.sends ?? 60), "enough sends", 20_000);
    if (more.kill) {
      await broker.kill("SIGKILL");
      await broker.start();
      const before = history.receivedCount;
      await until(() => history.receivedCount > before, "something to be received again", 20_000);
    }
    const found = await workload.finish(more.drainMs ?? 20_000);
    return { found, accepted: history.acceptedCount };
  }

  const kinds = (found: readonly Found[]) => [...new Set(found.map(({ kind }) => kind))];

  test("finds nothing in a broker that keeps its promise, receivers failing and the broker killed", async () => {
    const { found, accepted } = await run({ crashShare: 0.01, nackShare: 0.05 }, { kill: true });
    expect(found).toEqual([]);
    expect(accepted).toBeGreaterThan(50);
  });

  test("finds one dropped send in a thousand", async () => {
    const { found, accepted } = await run({ fetch: dropsSends(1_000), senders: 12 }, { sends: 1_020 });
    expect(accepted).toBeGreaterThan(1_000);
    expect(kinds(found)).toEqual(["lost"]);
    expect(found[0]?.excerpt?.[0]).toContain('"what":"sent"');
  });

  test("finds recipients swapped", async () => {
    const { found } = await run({ fetch: swapsRecipients(broker.url, 10, "receiver-0") });
    expect(kinds(found)).toContain("misdelivered");
  });

  test("finds idempotency keys forgotten", async () => {
    const { found } = await run({ fetch: forgetsKeys(broker.url, 10) });
    expect(kinds(found)).toContain("duplicate_send");
  });

  test("finds deliveries out of order", async () => {
    const { found } = await run({ fetch: reorders(5), senders: 1, receivers: 1 });
    expect(kinds(found)).toEqual(["order"]);
  });

  test("finds deliveries repeated after their ack", async () => {
    const { found } = await run({ fetch: repeatsAcked(10) });
    expect(kinds(found)).toEqual(["duplicate_after_ack"]);
  });

  test("finds redeliveries that are said to be first ones", async () => {
    const { found } = await run({ fetch: hidesRedelivery(), nackShare: 0.1 }, { sends: 200 });
    expect(kinds(found)).toEqual(["attempt"]);
  });

  test("finds messages that nobody sent", async () => {
    const { found } = await run({ fetch: inventsMessages(10) });
    expect(kinds(found)).toContain("phantom");
  });

  test("finds acks that were answered before they were on disk, when the broker is killed", async () => {
    // Inboxes never drain of what is never acked.
    const { found } = await run({ fetch: acksBeforeDurable() }, { kill: true, drainMs: 1_000 });
    expect(kinds(found)).toContain("duplicate_after_ack");
  });
});

describe("the checker, given what a broker tells at the end,", () => {
  const told = (...events: [string, number][]) => {
    const timeline = events.map(([event, attempt]) => ({ at: new Date(0).toISOString(), event, attempt }));
    return new Map([["msg_1", { message: { id: "msg_1" }, deliveries: [{ id: "dlv_1", state: "acked", timeline }] }]]);
  };
  const kinds = (...events: [string, number][]) => new History().check(told(...events)).map(({ kind }) => kind);

  test("finds two leases at once, attempts miscounted, leases after the ack", () => {
    expect(kinds(["accepted", 0], ["leased", 1], ["released", 1], ["leased", 2], ["acked", 2])).toEqual([]);
    expect(kinds(["accepted", 0], ["leased", 1], ["leased", 2], ["acked", 2])).toEqual(["lease"]);
    expect(kinds(["accepted", 0], ["leased", 1], ["nacked", 1], ["leased", 1], ["acked", 1])).toEqual(["attempt"]);
    expect(kinds(["accepted", 0], ["leased", 1], ["acked", 1], ["leased", 2])).toEqual(["duplicate_after_ack"]);
  });

  test("finds counters that differ from the log, and gaps in an inbox", () => {
    const entry = { at: new Date(0).toISOString(), event: "accepted", attempt: 0 };
    const account = (id: string, seq: number): [string, LedgerEntry] => [
      id,
      { message: { id }, to: "bob", seq, deliveries: [{ id, state: "queued", timeline: [entry] }] },
    ];
    const none = { queued: 0, leased: 0, acked: 0, dead: 0, expired: 0, cancelled: 0, held: 0, refused: 0 };
    const ledger = (...seqs: number[]) => new Map(seqs.map((seq) => account(`msg_${seq}`, seq)));
    expect(ledgerFindings(ledger(1, 2), { ...none, queued: 2 })).toEqual([]);
    expect(ledgerFindings(ledger(1, 2), { ...none, queued: 3 })).toMatchObject([{ kind: "conservation" }]);
    expect(ledgerFindings(ledger(1, 3), { ...none, queued: 2 })).toMatchObject([{ messageId: "msg_3" }]);
  });
});
