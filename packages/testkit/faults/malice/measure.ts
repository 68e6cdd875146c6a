/** One load, measured: quiet, under the load, quiet again; the broker, the load and the bystander each a process. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Finding, startTestBroker, type TestBroker, tempDir } from "testkit";
import * as z from "zod";
import type { Newcomers } from "./bystander.ts";
import { percentile } from "./figures.ts";
import { atOnce, clientOf, type Ground, type Load } from "./load.ts";
import { type Holds, holdsOf } from "./loop.ts";
import { type Partner, startPartner } from "./partner.ts";
import { DoneWords, FoundWords, SeenWords } from "./program-words.ts";

/** What was measured of a load. */
export interface Measured {
  readonly load: Load;
  readonly did: string;
  readonly quiet: readonly number[];
  readonly loaded: readonly number[];
  /** Who came while the load was done, or met what it left behind. */
  readonly newcomers: Newcomers;
  readonly holds: Holds;
  /** MiB: when all is quiet, and at the peak. */
  readonly rssQuietMiB: number;
  readonly rssPeakMiB: number;
  readonly logBytesPerS: number;
  readonly seconds: number;
  /** What a load, the bystander or the look at the end found. */
  readonly found: readonly Finding[];
}

const QUIET_MS = 3_000;
const REST_MS = 2_000;
const LEAST_LOAD_MS = 2_000;
const MOST_LOOKED_UP = 200;
const WATCH = new URL("loop-watch.ts", import.meta.url).href;

/** Prepares a load, does it and measures. */
export async function measure(load: Load): Promise<Measured> {
  using home = tempDir();
  using notes = tempDir();
  const loopFile = join(notes.path, "loop");
  let began = 0;
  await using loader = startPartner(() => {
    began = Date.now();
  });
  await using stander = startPartner();
  const standing = await prepared(load, home.path, loader);

  const watch = { NODE_OPTIONS: `--import ${WATCH}`, MALICE_LOOP_FILE: loopFile };
  const env = { ...load.env, ...load.envThen, ...watch };
  await using broker = await startTestBroker({ home: home.path, logLevel: "info", env });
  const ground = groundOf(broker);
  const does = load.bystander ?? "mail";
  const as = { ...standing, url: broker.url, key: broker.key, does };
  await stander.ask({ do: "stand", as }, z.literal(true));
  const look = () => stander.ask({ do: "look" }, SeenWords);
  await sleep(1_000);
  await look();

  await sleep(QUIET_MS);
  const before = await look();
  using memory = new MemoryWatch(broker.pid);
  const rssQuietMiB = memory.peakMiB;
  const logged = broker.log().length;
  began = Date.now();
  const called = performance.now();
  const loading = loader.ask({ do: "load", ground }, DoneWords);
  const { did, accepted, wrong } = await ready(loading, look);
  await sleep(Math.max(0, LEAST_LOAD_MS - (Date.now() - began)));
  const seconds = (performance.now() - called) / 1_000;
  const logBytesPerS = (broker.log().length - logged) / seconds;
  const during = await look();
  const ended = Date.now();
  const rssPeakMiB = memory.peakMiB;
  // What the load left behind is the load's too, where it is worse; then the bystander is let come to rest.
  await sleep(REST_MS);
  const behind = await look();
  await sleep(QUIET_MS);
  const after = await look();

  const found: Finding[] = wrong.map((detail) => ({ kind: "unexpected", detail }));
  const seen = await stander.ask({ do: "finish" }, FoundWords);
  for (const { kind, detail } of seen) found.push({ kind: "unexpected", detail: `${kind}: ${detail}` });
  found.push(...(await missing(ground, accepted)));
  if ((await broker.admin.status()).pid !== broker.pid)
    found.push({ kind: "unexpected", detail: "another broker answers" });
  return {
    load,
    did,
    quiet: [...before.times, ...after.times],
    loaded: [during.times, behind.times].toSorted((a, b) => percentile(b, 0.99) - percentile(a, 0.99))[0] ?? [],
    newcomers: together(during.newcomers, behind.newcomers),
    holds: holdsOf(loopFile, began, ended),
    rssQuietMiB,
    rssPeakMiB,
    logBytesPerS,
    seconds,
    found,
  };

  /** What is seen until the load begins in earnest is let go. */
  async function ready<T>(loading: Promise<T>, look: () => Promise<unknown>): Promise<T> {
    const at = began;
    let over = false;
    const done = loading.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    while (!over) {
      await sleep(20);
      if (began === at) continue;
      await look();
      break;
    }
    return await done;
  }
}

function together(one: Newcomers, other: Newcomers): Newcomers {
  return {
    tried: one.tried + other.tried,
    refused: one.refused + other.refused,
    longestMs: Math.max(one.longestMs, other.longestMs),
  };
}

/** Prepares on a broker that need not be durable; it is stopped then. */
async function prepared(load: Load, home: string, loader: Partner) {
  const env = { ...load.env, AGENTMESH_SENDER_PER_MINUTE: "0", AGENTMESH_SQLITE_SYNCHRONOUS: "normal" };
  await using broker = await startTestBroker({ home, logLevel: "info", env });
  const [writer, reader] = [await broker.agent("bystander-writer"), await broker.agent("bystander-reader")];
  await loader.ask({ do: "prepare", load: load.name, ground: groundOf(broker) }, z.literal(true), 300_000);
  return {
    writer: { name: writer.agent.name, token: writer.token },
    reader: { name: reader.agent.name, token: reader.token },
  };
}

function groundOf({ url, port, key }: TestBroker): Ground {
  return { url, port, key };
}

/** Messages that were accepted and are not there; of many, some. */
async function missing(ground: Ground, accepted: readonly string[]): Promise<Finding[]> {
  const admin = clientOf(ground, ground.key);
  const every = Math.max(1, Math.floor(accepted.length / MOST_LOOKED_UP));
  const some = accepted.filter((_, i) => i % every === 0);
  const looked = await atOnce(some.length, 8, async (i) => {
    const message = some[i] ?? "";
    const why = await admin.getMessage({ message }).then(() => undefined, String);
    return why === undefined ? [] : [{ kind: "lost" as const, detail: `${message} was accepted: ${why}` }];
  });
  return looked.flat();
}

/** Resident memory of a process at its peak, looked at ten times a second. */
class MemoryWatch implements Disposable {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), 100);
  }

  get peakMiB(): number {
    return Math.round(this.#peak / 1_024);
  }

  #look(): void {
    try {
      const status = readFileSync(`/proc/${this.#pid}/status`, "utf8");
      this.#peak = Math.max(this.#peak, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended; that is found by whoever asks it.
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
