/** The benchmarks beside what they measure: what is read from the wire, what is told of a result, what a check finds. */
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listening, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { loads } from "../../../bench/loads/index.ts";
import { commandOf, readOptions } from "../../../bench/options.ts";
import { RespConnection } from "../../../bench/peers/resp.ts";
import { readProfiles } from "../../../bench/profile/kept.ts";
import { sharesOf } from "../../../bench/profile/parts.ts";
import { compare } from "../../../bench/report/check.ts";
import { verdicts } from "../../../bench/report/goals.ts";
import { benchmarkFiles } from "../../../bench/report/page.ts";
import { addRun, findLoad, type Kept, loadResult, type Result, readKept } from "../../../bench/report/result.ts";
import { Chunks } from "../../../bench/wire/chunks.ts";
import { EventStream } from "../../../bench/wire/event-stream.ts";
import { HttpConnection } from "../../../bench/wire/http-connection.ts";

const kept = readKept(fileURLToPath(new URL("../../../bench/results/latest.json", import.meta.url)));
const profiles = readProfiles(fileURLToPath(new URL("../../../bench/results/profiles.json", import.meta.url)));
const files = benchmarkFiles(loads, kept, profiles);
const known = loads.map(({ id }) => id);

test.each([...files.keys()])("docs/%s is made of the last kept result", async (name) => {
  await expect(files.get(name)).toMatchFileSnapshot(`../../../docs/${name}`);
});

/** A run of all that is kept, as if it had been one. */
const latest: Result = (() => {
  const [first] = kept.runs;
  if (!first) throw new Error("no run is kept");
  return { ...first, loads: kept.runs.flatMap((run) => run.loads) };
})();
const alone: Kept = { runs: [latest] };

/** The same result with every figure of ours so many times as large. */
function changed(result: Result, times: (load: string, figure: string) => number): Result {
  const loads = result.loads.map((load) => {
    const ours = Object.entries(load.sides.ours ?? {}).map(
      ([key, value]) => [key, { ...value, median: value.median * times(load.id, key) }] as const,
    );
    return { ...load, sides: { ...load.sides, ours: Object.fromEntries(ours) } };
  });
  return { ...result, loads };
}

test("a check compares each ratio, finds a quarter lost, and neither less nor a gain", () => {
  const isMore = (load: string, figure: string) =>
    loads.find(({ id }) => id === load)?.figures.find(({ key }) => key === figure)?.better === "more";
  const slower = (factor: number) => (load: string, figure: string) => (isMore(load, figure) ? 1 / factor : factor);
  const lost = (factor: number) => compare(loads, alone, changed(latest, slower(factor)));
  expect(lost(1).length).toBeGreaterThan(20);
  expect(new Set(lost(1).map(({ what }) => what)).size).toBe(lost(1).length);
  expect(lost(1.34).filter(({ tooMuch }) => !tooMuch)).toEqual([]);
  expect(lost(1.3).filter(({ tooMuch }) => tooMuch)).toEqual([]);
  expect(lost(0.5).filter(({ tooMuch }) => tooMuch)).toEqual([]);
});

test("a check compares nothing of another size, of a load that was left out, or beside another build", () => {
  const other = { ...latest, loads: latest.loads.map((load) => ({ ...load, size: "smoke" as const })) };
  expect(compare(loads, alone, other)).toEqual([]);
  expect(compare(loads, alone, { ...latest, loads: [] })).toEqual([]);
  const beside = (result: Result) => compare(loads, alone, result).filter(({ what }) => what.includes("before"));
  expect(beside(latest).length).toBeGreaterThan(0);
  expect(beside({ ...latest, versions: { ...latest.versions, against: "0000000" } })).toEqual([]);
});

test("a run that is added takes the place of its loads in earlier runs, and of nothing else", () => {
  const [first, ...others] = latest.loads;
  if (!first || others.length === 0) throw new Error("too few loads are kept to try it");
  const again: Result = { ...latest, command: "again", loads: [first] };
  const added = addRun(alone, again);
  expect(added.runs).toEqual([{ ...latest, loads: others }, again]);
  expect(findLoad(added, first.id)).toEqual({ run: again, load: first });
  expect(addRun(added, latest).runs).toEqual([latest]);
});

test("rounds are told by their middle, and a goal only where its sides were there", () => {
  const [load] = loads;
  if (!load) throw new Error("no loads");
  const rounds = { ours: [{ acked: 1 }, { acked: 9 }, { acked: 2 }], redis: [{ acked: 2 }] };
  const found = loadResult(load, "usual", rounds);
  expect(found.sides.ours).toEqual({ acked: { median: 2, least: 1, most: 9, rounds: 3 } });
  expect(verdicts(load, found)).toMatchObject([{ found: 1, reached: true }]);
  expect(verdicts(load, loadResult(load, "usual", { ...rounds, redis: [{ acked: 1 }] }))[0]?.reached).toBe(false);
  const { goal } = verdicts(load, found)[0] ?? {};
  expect(verdicts(load, loadResult(load, "usual", { ours: rounds.ours }))).toEqual([{ goal }]);
});

test("each goal of each load is about figures that the load has", () => {
  const strays = loads.flatMap(({ id, figures, goals }) => {
    const keys = figures.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    return goals
      .flatMap(({ figure, of }) => [figure, of?.figure ?? figure])
      .flatMap((key) => (keys.includes(key) ? [] : [`${id} ${key}`]));
  });
  expect(strays).toEqual([]);
});

test("the command line says which loads there are, and takes nothing that it does not know", () => {
  expect(readOptions(["--only", "p1, P3", "--peers"], known)).toMatchObject({
    only: ["P1", "P3"],
    peers: true,
    rounds: 3,
  });
  expect(readOptions(["--smoke"], known)).toMatchObject({ size: "smoke", rounds: 1 });
  const command = commandOf(readOptions(["--only", "p1", "--against", "/somewhere/else", "--json", "x"], known));
  expect(command).toBe("npx -y pnpm@12 bench --only P1 --against DIR --rounds 3");
  expect(() => readOptions(["--only", "P1,P77"], known)).toThrow("no load P77: there are P1, P2");
  expect(() => readOptions(["P1"], known)).toThrow('what is "P1"?');
  expect(() => readOptions(["--rounds", "0"], known)).toThrow("from 1 to 100");
  expect(() => readOptions(["--whole", "--smoke"], known)).toThrow("opposites");
  expect(() => readOptions(["--add"], known)).toThrow("--add needs --json FILE");
});

const parts = (bytes: Buffer, at: number) => [bytes.subarray(0, at), bytes.subarray(at)];

test("a body in chunks is put together wherever its bytes were cut", () => {
  const body = Buffer.from("6\r\nhällo\r\n3\r\n\r\n!\r\n0\r\n\r\n");
  for (let at = 0; at <= body.length; at++) {
    const chunks = new Chunks();
    const text = Buffer.concat(parts(body, at).flatMap((part) => chunks.take(part))).toString();
    expect(text).toBe("hällo\r\n!");
  }
});

/** A server on loopback that writes these pieces to whoever has asked something, each in a turn of its own. */
async function answering(pieces: readonly Buffer[]): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", async () => {
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)));
    });
  });
  const port = await listening(server);
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

test("answers and events are read whole however they come in", async () => {
  const answers = Buffer.from("HTTP/1.1 202 Accepted\r\ncontent-length: 3\r\n\r\nä!HTTP/1.1 204 No Content\r\n\r\n");
  const events = Buffer.from(
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: open\ndata: {"queued":0}\n\n: no event\n\nevent: delivery\nid: 7\ndata: {"id":"dlv_ä"}\n\n',
  );
  for (const at of [1, 20, 46, 50, 60]) {
    await using server = await answering(parts(answers, at));
    using connection = await HttpConnection.open(server.port);
    const request = { method: "GET", path: "/" } as const;
    expect(await Promise.all([connection.ask(request), connection.ask(request)])).toEqual([
      { status: 202, text: "ä!" },
      { status: 204, text: "" },
    ]);
  }
  for (const at of [5, 60, 90, 120, 140]) {
    await using server = await answering(parts(events, at));
    const seen: string[][] = [];
    const onEvent = (event: string, data: string) => void seen.push([event, data]);
    using _stream = await EventStream.open(server.port, { path: "/" }, onEvent);
    await until(() => seen.length === 2, "two events");
    expect(seen).toEqual([
      ["open", '{"queued":0}'],
      ["delivery", '{"id":"dlv_ä"}'],
    ]);
  }
});

test("replies of Redis are read whole wherever they were cut, and its refusals are errors", async () => {
  const replies = Buffer.from("+OK\r\n:7\r\n-ERR no such thing\r\n$-1\r\n*2\r\n$3\r\nä!\r\n*1\r\n$0\r\n\r\n");
  for (let at = 0; at <= replies.length; at += 3) {
    await using server = await answering(parts(replies, at));
    const socket = connect(server.port, "127.0.0.1");
    const redis = new RespConnection(socket);
    const asked = await Promise.allSettled(["A", "B", "C", "D", "E"].map((word) => redis.ask(word)));
    socket.destroy();
    expect(asked.map((each) => (each.status === "fulfilled" ? each.value : String(each.reason)))).toEqual([
      "OK",
      7,
      "Error: ERR no such thing",
      null,
      ["ä!", [""]],
    ]);
  }
});

test("a profile's time is told by the files of its functions: idle and what is outside of the window do not count", () => {
  using folder = tempDir();
  const frames: [name: string, url: string][] = [
    ["(idle)", ""],
    ["accept", "file:///x/packages/broker/src/store/sqlite/acts/send.ts"],
    ["run", "file:///x/node_modules/better-sqlite3/lib/database.js"],
    ["end", "node:_http_outgoing"],
    ["writeUtf8String", ""],
  ];
  const nodes = frames.map(([functionName, url], i) => ({ id: i + 1, callFrame: { functionName, url } }));
  // A millisecond each; the first two are before the window.
  const samples = [2, 2, 1, 2, 3, 4, 5, 1];
  const file = join(folder.path, "a.cpuprofile");
  const profile = { nodes, startTime: 5_000_000, samples, timeDeltas: samples.map(() => 1_000) };
  writeFileSync(file, JSON.stringify(profile));
  expect(Object.fromEntries(sharesOf(file, 2.5, 8))).toEqual({
    "store: statements, acts, commits": 0.5,
    "Node: HTTP, sockets, streams, timers": 0.25,
    "written to sockets, by the system": 0.25,
  });
});
