/** The breaker of a webhook, the slots all webhooks share, and the seal of their secrets; time is the subject. */
import { describe, expect, test } from "vitest";
import { BREAKER, Breaker } from "../src/mesh/webhook/breaker.ts";
import { Seal } from "../src/mesh/webhook/seal.ts";
import { Slots } from "../src/mesh/webhook/slots.ts";

function breaker(before?: { failures: number; isOpen: boolean }) {
  let now = 1_000;
  const made = new Breaker(BREAKER, () => now, before);
  return {
    made,
    pass: (ms: number) => {
      now += ms;
    },
    fail: (times: number) => {
      for (let i = 0; i < times; i++) made.failed();
    },
  };
}

describe("a breaker", () => {
  test("stays closed through four failures, opens at the fifth for 30 s ±20 %, and is then half open for one post", () => {
    const { made, fail, pass } = breaker();
    fail(4);
    expect([made.state, made.credit(0)]).toEqual(["closed", Number.POSITIVE_INFINITY]);
    fail(1);
    expect([made.state, made.credit(0), made.failures]).toEqual(["open", 0, 5]);
    expect(made.restsForMs).toBeGreaterThanOrEqual(24_000);
    expect(made.restsForMs).toBeLessThanOrEqual(36_000);
    pass(36_000);
    expect([made.state, made.credit(0), made.credit(1)]).toEqual(["half_open", 1, 0]);
  });

  test("doubles its rest with each failed try, up to ten minutes, and begins anew after a success", () => {
    const { made, fail, pass } = breaker();
    fail(5);
    const rests: number[] = [];
    for (let i = 0; i < 7; i++) {
      pass(made.restsForMs);
      fail(1);
      rests.push(made.restsForMs);
    }
    const bases = [60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000];
    for (const [i, base] of bases.entries())
      expect(Math.abs((rests[i] ?? 0) - base)).toBeLessThanOrEqual(base * 0.2 + 1);
    pass(made.restsForMs);
    made.taken();
    expect([made.state, made.failures]).toEqual(["closed", 0]);
    fail(5);
    expect(made.restsForMs).toBeLessThanOrEqual(36_000);
  });

  test("opens when ten of the last twenty failed, though never five in a row", () => {
    const { made } = breaker();
    for (let i = 0; i < 9; i++) {
      made.failed();
      made.taken();
    }
    expect(made.state).toBe("closed");
    made.taken();
    made.failed();
    expect(made.state).toBe("open");
  });

  test("does not rest longer for posts that were under way when it opened, and closes when one of them is taken", () => {
    const { made, fail } = breaker();
    fail(5);
    const rest = made.restsForMs;
    fail(3);
    expect([made.restsForMs, made.failures]).toEqual([rest, 8]);
    made.taken();
    expect(made.state).toBe("closed");
  });

  test("rests as long as a receiver asks, and not shorter than it would by itself", () => {
    const { made, fail } = breaker();
    made.rest(5_000);
    expect([made.state, made.restsForMs, made.failures]).toEqual(["open", 5_000, 0]);
    fail(5);
    made.rest(1);
    expect(made.restsForMs).toBe(5_000);
  });

  test("that was open when the broker stopped is tried once at once; one that was not goes on counting", () => {
    expect(breaker({ failures: 7, isOpen: true }).made).toMatchObject({ state: "half_open", failures: 7 });
    const { made, fail } = breaker({ failures: 3, isOpen: false });
    expect(made.state).toBe("closed");
    fail(2);
    expect(made.state).toBe("open");
  });
});

describe("slots", () => {
  test("are shared, and webhooks that have not shown that they work get half of them at most", () => {
    const slots = new Slots({ all: 4, doubtful: 2 });
    const woken: string[] = [];
    const take = (name: string, doubtful: boolean) => slots.take(doubtful, () => woken.push(name));
    const first = take("a", true);
    expect([take("b", true), take("c", true)]).toEqual([expect.any(Function), undefined]);
    expect([take("d", false), take("e", false)]).toEqual([expect.any(Function), expect.any(Function)]);
    expect(take("f", false)).toBeUndefined();
    first?.();
    first?.();
    expect(woken).toEqual(["c", "f"]);
    expect([take("c", true), take("f", false)]).toEqual([expect.any(Function), undefined]);
  });
});

describe("a seal", () => {
  test("opens for the key and the owner it was made with, and for nobody else", () => {
    const seal = new Seal("amk_one");
    const sealed = seal.close("whsec_secret", "agt_1");
    expect(sealed).not.toContain("secret");
    expect(seal.close("whsec_secret", "agt_1")).not.toBe(sealed);
    expect(new Seal("amk_one").open(sealed, "agt_1")).toBe("whsec_secret");
    expect(seal.open(sealed, "agt_2")).toBeUndefined();
    expect(new Seal("amk_two").open(sealed, "agt_1")).toBeUndefined();
    const altered = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
    expect(seal.open(altered, "agt_1")).toBeUndefined();
    expect(seal.open("", "agt_1")).toBeUndefined();
  });
});
