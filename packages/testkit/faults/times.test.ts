/** The checker of times finds what is late while there is sending, after each kind of fault, and in the drain. */
import {
  type AnsweredSend,
  availabilityFindings,
  availabilityOf,
  drainFindings,
  type FaultDone,
  restingUntil,
} from "testkit";
import { describe, expect, test } from "vitest";
import { RECOVERY_MS, recoveryMs } from "./bounds.ts";

describe("the checker, given when sends were answered,", () => {
  const bounds = { gapMs: 10_000, quietMs: 3_000, sendMs: 8_000, recoveryMs };
  const each = (from: number, to: number) =>
    Array.from({ length: Math.floor((to - from) / 100) + 1 }, (_, i) => ({
      begun: from + i * 100 - 50,
      answered: from + i * 100,
    }));
  const look = (sends: readonly AnsweredSend[], faults: readonly FaultDone[] = [], until = 20_000) => {
    const measured = availabilityOf({ from: 0, until, sends, faults });
    return { measured, found: availabilityFindings(measured, bounds).map(({ detail }) => detail) };
  };

  test("finds nothing in a pause that a fault explains, and measures from its end", () => {
    const fault = { kind: "stop", began: 5_000, over: 9_000 };
    const { measured, found } = look([...each(0, 5_000), ...each(9_300, 20_000)], [fault]);
    expect(found).toEqual([]);
    expect(measured.longestGapMs).toBe(4_300);
    expect(measured.longestQuietMs).toBeLessThan(150);
    // The first answer after it was of a try that began before it was over.
    expect(measured.recoveries).toEqual(new Map([["stop", { times: 1, longestMs: 300 }]]));
  });

  test("counts no answer to a try that began before a fault was over", () => {
    const early = { begun: 4_900, answered: 5_010 };
    const kill = { kind: "kill", began: 5_000, over: 5_000 };
    const { measured } = look([...each(0, 5_000), early, ...each(7_000, 20_000)], [kill]);
    expect(measured.recoveries.get("kill")?.longestMs).toBe(2_000);
  });

  test("finds a pause that no fault explains, at the beginning, within and at the end", () => {
    const quiet = (ms: number) => [
      `no send was answered though nothing was done to the broker for ${ms} ms; 3000 may pass`,
    ];
    expect(look(each(4_000, 20_000)).found).toEqual(quiet(4_000));
    expect(look([...each(0, 5_000), ...each(9_000, 20_000)]).found).toEqual(quiet(4_000));
    expect(look(each(0, 16_000)).found).toEqual(quiet(4_000));
    // A fault long before it explains nothing.
    const kill = { kind: "kill", began: 1_000, over: 1_000 };
    expect(look([...each(0, 5_000), ...each(9_000, 20_000)], [kill]).found).toEqual(quiet(4_000));
  });

  test("finds a sender that waits while others are answered, from the first of its tries", () => {
    const late = (first: number) => [...each(0, 20_000), { first, begun: 14_950, answered: 15_000 }];
    expect(look(late(7_000)).found).toEqual([]);
    const { measured, found } = look(late(6_900));
    expect(measured.longestSendMs).toBe(8_100);
    expect(found).toEqual(["one sender waited for its answer for 8100 ms; 8000 may pass"]);
  });

  test("finds each kind of fault that takes longer than its own bound", () => {
    for (const [kind, most] of Object.entries(RECOVERY_MS)) {
      const back = 5_000 + most;
      const fault = { kind, began: 5_000, over: 5_000 };
      const late = look([...each(0, 4_900), ...each(back + 100, 30_000)], [fault], 30_000);
      expect(late.found).toContain(`after ${kind} no send was answered for ${most + 100} ms; ${most} may pass`);
      const inTime = look(
        [...each(0, 4_900), { begun: 5_000, answered: 5_000 }, ...each(6_000, 30_000)],
        [fault],
        30_000,
      );
      expect(inTime.found).toEqual([]);
    }
  });

  test("finds a broker that never answers again after a fault", () => {
    const kill = { kind: "kill", began: 5_000, over: 5_000 };
    expect(look(each(0, 4_900), [kill]).found).toEqual([
      "no send was answered while there was sending for 15100 ms; 10000 may pass",
      "after kill no send was answered for 15000 ms; 10000 may pass",
    ]);
  });

  test("finds faults upon faults that let nobody be answered, and measures the last of them", () => {
    const kills = Array.from({ length: 20 }, (_, i) => ({
      kind: "kill",
      began: 2_000 + i * 600,
      over: 2_000 + i * 600,
    }));
    const { measured, found } = look([...each(0, 2_000), ...each(14_000, 20_000)], kills);
    expect(found).toEqual(["no send was answered while there was sending for 12000 ms; 10000 may pass"]);
    expect(measured.recoveries).toEqual(new Map([["kill", { times: 1, longestMs: 600 }]]));
  });

  test("looks at nothing after the last send", () => {
    expect(look([...each(0, 20_000), { begun: 39_000, answered: 40_000 }]).measured.longestGapMs).toBe(100);
  });
});

describe("the checker, given a drain,", () => {
  const drain = { from: 100_000, to: 400_000, leaseMs: 5_000, graceMs: 2_000 };
  const of = (...events: [event: string, at: number, reason?: string][]) => [
    {
      message: { id: "msg_1" },
      deliveries: [
        {
          ...{ id: "dlv_1", state: "acked" },
          timeline: events.map(([event, at, reason]) => ({
            at: new Date(at).toISOString(),
            event,
            attempt: 1,
            reason,
          })),
        },
      ],
    },
  ];
  const found = (...events: [event: string, at: number, reason?: string][]) =>
    drainFindings(of(...events), drain).found.map(({ detail }) => detail);
  const failed = (times: number, at: number) =>
    Array.from({ length: times }).flatMap((): [string, number][] => [
      ["leased", at],
      ["released", at],
    ]);

  test("finds nothing in what rests as long as the backoff says", () => {
    for (const [failures, ms] of [0, 1_200, 6_000, 36_000, 144_000].entries()) {
      const rested = failed(failures + 1, 100_000);
      expect(found(["accepted", 90_000], ...rested, ["leased", 100_000 + ms], ["acked", 100_001 + ms])).toEqual([]);
      expect(found(["accepted", 90_000], ...rested, ["leased", 102_002 + ms], ["acked", 102_003 + ms])).toHaveLength(1);
    }
  });

  test("finds what comes late after a nack, a restart, the end of a lease, and what never comes", () => {
    expect(
      found(["accepted", 90_000], ["leased", 100_000], ["nacked", 100_100], ["leased", 103_000], ["acked", 103_001]),
    ).toHaveLength(1);
    const restart = "the broker restarted";
    expect(
      found(
        ["accepted", 90_000],
        ...failed(4, 99_000),
        ["leased", 99_000],
        ["released", 99_100, restart],
        ["leased", 103_000],
        ["acked", 103_001],
      ),
    ).toHaveLength(1);
    expect(
      found(["accepted", 90_000], ["leased", 100_000], ["released", 107_001], ["leased", 107_100], ["acked", 107_101]),
    ).toHaveLength(1);
    expect(found(["accepted", 90_000])).toEqual([
      "msg_1 (dlv_1) was due at once: 300000 ms later than that, after the last send",
    ]);
    expect(found(["accepted", 90_000], ["leased", 100_000])).toHaveLength(1);
    // What came late before the drain is the other rules' subject.
    expect(found(["accepted", 10_000], ["leased", 101_000], ["acked", 101_001])).toEqual([]);
  });

  test("waits for what rests, and for nothing else", () => {
    expect(restingUntil(of(["accepted", 90_000], ...failed(4, 100_000)), drain)).toBe(136_000);
    expect(
      restingUntil(of(["accepted", 90_000], ...failed(4, 100_000), ["leased", 136_000], ["acked", 136_001]), drain),
    ).toBe(0);
    expect(restingUntil(of(["accepted", 90_000]), drain)).toBe(0);
  });
});
