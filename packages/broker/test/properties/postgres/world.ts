/** The Postgres engine under test: the stores of several brokers on one database, each asked in its turn. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type { Store } from "../../../src/mesh/store.ts";
import { ROWS } from "../../../src/store/postgres/commits/slices.ts";
import { openPostgres } from "../../../src/store/postgres/database/open.ts";
import type { Seat } from "../../../src/store/postgres/database/seat.ts";
import { postgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { fakeClock } from "../../store/fake-clock.ts";
import type { SoundStore } from "../mutants/mutant.ts";
import { demand } from "../promises.ts";
import { type End, type Heard, RETRY, World } from "../world.ts";
import { type Rewrite, rewritten } from "./rewritten.ts";
import { SeenActs } from "./seen.ts";
import type { RunDatabase } from "./server.ts";

/** What a broker takes its seat for, and what becomes of its calls. */
export type SpoiledSeat = Partial<Pick<Seat, "isFirst" | "call">>;

/** How an engine is broken. */
export interface Spoiled {
  /** Called for each broker at each start. */
  readonly verbs?: (sound: SoundStore) => Partial<Store>;
  /** Called for each transaction. */
  readonly rewrite?: () => Rewrite;
  /** Called for each broker at each start. */
  readonly seat?: (seat: Seat) => SpoiledSeat;
}

/** How long a call may take on a machine that does much else, in milliseconds. */
const LONGEST_MS = 20_000;

/** Connections of each broker: what is asked together is done at once. */
const CONNECTIONS = 3;

interface Broker {
  readonly store: Store;
  readonly seat: Seat;
  readonly heard: Heard;
  /** Ends it as a kill does: nothing that it has begun goes on. */
  readonly kill: () => void;
  /** Lets go of what a kill left in this process. */
  readonly close: () => Promise<void>;
}

/** A mesh of some brokers. */
export class PostgresWorld extends World {
  readonly clock = fakeClock();
  readonly pieces = ROWS;
  readonly ways = { writesHeartbeats: true, ownsClock: false, looksSeeActs: false };
  readonly #database: RunDatabase & { done(): void };
  readonly #count: number;
  readonly #spoiled: Spoiled;
  readonly #seen = new SeenActs();
  /** Where each session has its stream. */
  readonly #places = new Map<SessionId, Store>();
  /** As the brokers themselves ask them. */
  #own: Store[] = [];
  #calling = 0;
  #marks = 0;
  #brokers: Broker[] = [];
  #turn = 0;
  /** Why acts of a sound engine did not share their transaction. */
  readonly #apart: unknown[] = [];
  #starts = 0;

  private constructor(database: RunDatabase & { done(): void }, count: number, spoiled: Spoiled) {
    super();
    this.#database = database;
    this.#count = count;
    this.#spoiled = spoiled;
  }

  static async begin(
    database: RunDatabase & { done(): void },
    count: number,
    spoiled: Spoiled = {},
  ): Promise<PostgresWorld> {
    const world = new PostgresWorld(database, count, spoiled);
    await world.#start();
    return world;
  }

  get store(): Store {
    const broker = this.#brokers[this.#turn++ % this.#count];
    if (!broker) throw new Error("no broker was started");
    return broker.store;
  }

  async restart(how: End): Promise<void> {
    const before = this.#brokers;
    this.#brokers = [];
    if (how === "clean") for (const { store } of before) await store.close();
    else {
      for (const { kill } of before) kill();
      if (how === "power cut") await this.#database.cutPower();
      await this.#database.disconnect();
      // A while later: nobody takes them for living.
      await this.#database.sql("DELETE FROM agentmesh.broker");
      for (const { close } of before) await close();
    }
    await this.#start();
  }

  /** What the brokers call to each other has been heard: a call of the test's own, behind theirs, was heard by all. */
  override async hinted(): Promise<void> {
    await super.hinted();
    if (this.#apart.length > 0) throw new Error(`acts were done by themselves: ${this.#apart.join("; ")}`);
    await untilSo(() => this.#calling === 0, "a call of a broker does not come back");
    const mark: AgentId = `agt_mark${++this.#marks}`;
    await this.#database.sql(`SELECT pg_notify('agentmesh', '{"by":"tests","ready":["${mark}"]}')`);
    const isMarked = () => this.#brokers.every((each) => each.heard.told.has(mark));
    await untilSo(isMarked, "a broker does not hear what is called to all");
    // Told is who was told by every broker; where all was streamed, others need not look.
    for (const { heard } of this.#brokers) {
      for (const id of heard.told) {
        if (this.served.has(id) || this.#brokers.every((each) => each.heard.told.has(id))) this.told.add(id);
      }
    }
    this.grown = this.#brokers.every(({ heard }) => heard.grown);
    this.happened = this.#brokers.every(({ heard }) => heard.happened);
  }

  /** One of several is ended, and started again beside the others; never the first. Returns the sessions whose streams it had. */
  override async restartOne(n: number, how: "clean" | "kill"): Promise<readonly SessionId[]> {
    if (this.#count < 2) return [];
    const at = 1 + (n % (this.#count - 1));
    const [before, own] = [this.#brokers[at], this.#own[at]];
    if (!before || !own) throw new Error(`broker ${at} was not started`);
    for (const id of this.streams.keys()) if (placeOf(id) % this.#count === at) this.streams.delete(id);
    const had = [...this.#places].filter(([, store]) => store === own).map(([id]) => id);
    for (const id of had) this.#places.delete(id);
    if (how === "clean") await own.close();
    else {
      before.kill();
      await this.#database.disconnect(`broker${at}`);
      await before.close();
      // A while later it is taken for gone, before the grace of its sessions is over.
      await this.#database.sql("UPDATE agentmesh.broker SET renewed_at = '-infinity' WHERE id = $1", before.seat.id);
      await this.#own[0]?.endBrokers({ graceMs: 1e12, ageMs: 0 }, RETRY);
    }
    this.#brokers[at] = await this.#broker(at, this.#brokers);
    return had;
  }

  override asked<T>(n: number, ask: () => Promise<T>): Promise<T> {
    return this.#seen.question(n, ask);
  }

  override order(): readonly number[] {
    return this.#seen.order();
  }

  override forget(): void {
    super.forget();
    this.#seen.forget();
    for (const { heard } of this.#brokers) {
      heard.told.clear();
      heard.grown = false;
      heard.happened = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.#brokers) await store.close();
    this.#database.done();
  }

  async #start(): Promise<void> {
    this.streams.clear();
    this.#places.clear();
    this.#own = [];
    this.#starts++;
    const brokers: Broker[] = [];
    this.#brokers = brokers;
    for (let n = 0; n < this.#count; n++) brokers.push(await this.#broker(n, brokers));
  }

  async #broker(n: number, among: readonly Broker[]): Promise<Broker> {
    const url = `${this.#database.url}&application_name=broker${n}`;
    const open = await openPostgres({ url, connections: CONNECTIONS });
    const { verbs, rewrite, seat: otherwise } = this.#spoiled;
    const { db, kill: cut } = this.#seen.over(rewrite ? rewritten(open.db, rewrite) : open.db);
    const followed = this.#calls(open.seat, otherwise?.(open.seat));
    const sound = postgresStore(
      { ...open, db, seat: followed },
      { notice: (...told) => this.#noticed(...told), clock: this.clock, witness: this.#seen },
    );
    const store = { ...sound, ...verbs?.({ store: sound, clock: this.clock, start: this.#starts }) };
    const heard: Heard = { told: new Set(), grown: false, happened: false };
    this.listenTo(
      store,
      () => this.#brokers === among,
      (session) => placeOf(session) % this.#count === n,
      heard,
    );
    this.#own[n] = store;
    // What an earlier process had leased is back.
    await store.stats();
    const kill = () => {
      cut();
      void open.seat.abandon();
    };
    return { store: this.#placed(store), seat: open.seat, heard, kill, close: () => open.db.close() };
  }

  #noticed(_: string, event: string, { why }: Record<string, unknown>): void {
    if (event === "acts.apart" && this.#spoiled.rewrite === undefined) this.#apart.push(why);
  }

  /** A seat whose calls are waited for. */
  #calls(seat: Seat, { isFirst = seat.isFirst, call = seat.call }: SpoiledSeat = {}): Seat {
    return {
      owner: seat.owner,
      endsMs: seat.endsMs,
      isFirst,
      get id() {
        return seat.id;
      },
      get isOnDuty() {
        return seat.isOnDuty;
      },
      listen: seat.listen,
      settle: seat.settle,
      leave: seat.leave,
      abandon: seat.abandon,
      call: (payload) => {
        this.#calling++;
        return call(payload).finally(() => {
          this.#calling--;
        });
      },
    };
  }

  /** What is asked of the broker that has a session's stream is asked there, as whoever holds that stream does. */
  #placed(store: Store): Store {
    const at = (session: SessionId) => this.#places.get(session) ?? store;
    return {
      ...store,
      // Each broker looks for its own streams.
      announceDue: async () => {
        await Promise.all(this.#own.map((each) => each.announceDue()));
      },
      returnStreamed: (session, after, retry) => {
        if (after === undefined) return at(session).returnStreamed(session, after, retry);
        this.#places.set(session, store);
        return store.returnStreamed(session, after, retry);
      },
      doubtSession: (session, ageMs, why) =>
        // The first one doubts all when it starts.
        (session === "all" ? (this.#own[0] ?? store) : at(session.id)).doubtSession(session, ageMs, why),
    };
  }
}

/** Looks every millisecond, as it is waited for behind each step. @throws BrokenPromise */
async function untilSo(isSo: () => boolean, whyNot: string): Promise<void> {
  for (const deadline = performance.now() + LONGEST_MS; !isSo(); ) {
    demand(performance.now() < deadline, "hints", () => whyNot);
    // The database answers in other processes, which need the processor meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Which broker has the stream of a session. */
function placeOf(session: SessionId): number {
  return Number.parseInt(session.slice(-4).replaceAll(/[^0-9a-f]/g, "0"), 16);
}
