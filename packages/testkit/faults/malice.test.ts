/** The check behind `malice` finds a bystander that is harmed, says by what, and finds nothing when all is well. */
import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { listening, startTestBroker, tempDir, until } from "testkit";
import { describe, expect, test } from "vitest";
import { dropsSends, repeatsAcked, swapsRecipients } from "./faulty-fetch.ts";
import { Bystander } from "./malice/bystander.ts";
import { percentile, withOmitted } from "./malice/figures.ts";
import { holdsOf } from "./malice/loop.ts";
import type { Measured } from "./malice/measure.ts";
import { LOADS } from "./malice/table.ts";
import { table, verdict } from "./malice/verdict.ts";
import { malice } from "./malice.ts";

const [load] = LOADS;
if (!load) throw new Error("the table of loads is empty");
const well: Measured = {
  load,
  did: "",
  quiet: Array.from({ length: 300 }, () => 5),
  loaded: Array.from({ length: 300 }, () => 20),
  newcomers: { tried: 10, refused: 0, longestMs: 30 },
  holds: { p99Ms: 5, longestMs: 9, longestWallMs: 12 },
  rssQuietMiB: 120,
  rssPeakMiB: 200,
  logBytesPerS: 100,
  seconds: 3,
  found: [],
};
const details = (more: Partial<Measured>) => verdict({ ...well, ...more }).map(({ detail }) => detail);

describe("the verdict on a load", () => {
  test("finds nothing in one that nobody notices", () => {
    expect(verdict(well)).toEqual([]);
    expect(table([well])[1]).toMatch(/held \|$/);
  });

  test.each<[string, Partial<Measured>, RegExp]>([
    [
      "two waits in a hundred that are long",
      { loaded: [...well.loaded, ...Array.from({ length: 7 }, () => 90)] },
      /p99 is 90 ms, 5.0/,
    ],
    [
      "a long wait where all is slow already",
      { quiet: well.loaded.map(() => 80), loaded: well.loaded.map(() => 300) },
      /never over 250/,
    ],
    ["a bystander that saw nothing", { loaded: [] }, /saw nothing/],
    ["that nobody new came", { newcomers: { tried: 0, refused: 0, longestMs: 0 } }, /nobody new/],
    ["newcomers that are not served", { newcomers: { tried: 10, refused: 1, longestMs: 30 } }, /1 of 10 newcomers/],
    ["a newcomer that waits", { newcomers: { tried: 10, refused: 0, longestMs: 2_500 } }, /waited 2500 ms/],
    ["a loop that is held", { holds: { p99Ms: 5, longestMs: 900, longestWallMs: 950 } }, /held for 900 ms/],
    ["memory", { rssPeakMiB: 2_000 }, /2000 MiB/],
    ["a log that grows", { logBytesPerS: 800_000 }, /log grew/],
    ["what the load found itself", { found: [{ kind: "lost", detail: "a message" }] }, /a message/],
  ])("finds %s, and that alone", (_, more, said) => {
    expect(details(more)).toEqual([expect.stringMatching(said)]);
    expect(table([{ ...well, ...more }])[1]).toMatch(/FOUND \|$/);
  });

  test("counts for one long wait every message that would have waited too", () => {
    expect(withOmitted([5, 70, 20], 20)).toEqual([5, 70, 50, 30, 10, 20]);
    const stall = withOmitted([...Array.from({ length: 300 }, () => 5), 1_000], 20);
    expect(percentile(stall, 0.99)).toBeGreaterThan(900);
    expect(percentile([], 0.99)).toBe(0);
  });

  test("takes the longest hold of the loop within the span, by the processor and by the wall", () => {
    using folder = tempDir();
    const file = join(folder.path, "loop");
    const lines = [
      { at: 1_000, ticks: 50, long: [[900, 900]] },
      {
        at: 2_000,
        ticks: 50,
        long: [
          [40, 3],
          [12, 11],
        ],
      },
      { at: 2_100, ticks: 50, long: [] },
    ];
    writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"at":`);
    expect(holdsOf(file, 1_500, 2_100)).toEqual({ p99Ms: 3, longestMs: 11, longestWallMs: 40 });
  });
});

describe("a bystander", () => {
  async function stands(faulty?: (url: string) => typeof globalThis.fetch) {
    await using broker = await startTestBroker();
    const [writer, reader] = [await broker.agent("writer"), await broker.agent("reader")];
    await broker.agent("somebody");
    const bystander = new Bystander({
      url: broker.url,
      key: broker.key,
      writer: { name: writer.agent.name, token: writer.token },
      reader: { name: reader.agent.name, token: reader.token },
      does: "mail",
      pushWithinMs: 200,
      ...(faulty && { fetch: faulty(broker.url) }),
    });
    await bystander.start();
    const times: number[] = [];
    let taken = 0;
    const looks = async () => {
      const seen = await bystander.next();
      times.push(...seen.times);
      taken += seen.taken;
      return taken > 25;
    };
    await until(looks, "enough mail", 30_000);
    return { times, kinds: new Set((await bystander.finish()).map(({ kind }) => kind)) };
  }

  test("follows every message to its push and finds nothing on a good broker", async () => {
    const { times, kinds } = await stands();
    expect(times.every((time) => time > 0)).toBe(true);
    expect([...kinds]).toEqual([]);
  });

  test("waits for somebody new who waits still when it is asked, and says how long that was", async () => {
    await using door = await openDoor(() => broker.port);
    await using broker = await startTestBroker({ args: ["--allowed-hosts", new URL(door.url).host] });
    const own = await broker.agent("reader");
    const self = { name: own.agent.name, token: own.token };
    const does = "reads" as const;
    const bystander = new Bystander({ url: door.url, key: broker.key, writer: self, reader: self, does });
    await bystander.start();
    door.shut();
    await until(() => door.waiting() > 0, "somebody new");
    const began = performance.now();
    const asked = bystander.next();
    await until(() => performance.now() - began > 400, "a while");
    const waited = performance.now() - began;
    door.open();
    const { newcomers, taken } = await asked;
    expect(newcomers).toMatchObject({ refused: 0 });
    expect(newcomers.longestMs).toBeGreaterThan(waited);
    expect(taken, "those who were in went on").toBeGreaterThan(0);
    expect(await bystander.finish()).toEqual([]);
  });

  test("finds messages that were accepted and are lost", async () => {
    expect([...(await stands(() => dropsSends(5))).kinds]).toContain("lost");
  });

  test("finds messages that went to somebody else", async () => {
    expect([...(await stands((url) => swapsRecipients(url, 5, "somebody"))).kinds]).toContain("lost");
  });

  test("finds messages that come again after their ack", async () => {
    expect([...(await stands(() => repeatsAcked(5))).kinds]).toContain("duplicate_after_ack");
  });
});

/** A way to the broker that lets nobody new in while it is shut. */
async function openDoor(port: () => number) {
  let opened = Promise.withResolvers<void>();
  opened.resolve();
  const outside = new Set<Socket>();
  const all = new Set<Socket>();
  const server = createServer((socket) => {
    for (const each of [all, outside]) each.add(socket);
    socket.on("error", () => socket.destroy()).once("close", () => all.delete(socket));
    opened.promise.then(() => {
      outside.delete(socket);
      const inside = connect(port(), "127.0.0.1").on("error", () => socket.destroy());
      inside.pipe(socket).pipe(inside);
      socket.once("close", () => inside.destroy());
    });
  });
  const own = await listening(server);
  return {
    url: `http://127.0.0.1:${own}`,
    /** How many stand before it. */
    waiting: () => outside.size,
    shut() {
      opened = Promise.withResolvers();
    },
    open: () => opened.resolve(),
    async [Symbol.asyncDispose]() {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("every load has a name of its own, and can be chosen by it", () => {
  expect(new Set(malice().parts).size).toBe(LOADS.length);
  expect(malice().parts).toContain("malice/remove-agent");
  expect(malice(["malice/idle", "malice/trace"]).left?.()).toEqual(["malice/trace", "malice/idle"]);
});
