/** The outside observer: asks the engine, keeps the history, and holds every answer to the promises. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import { MeshError } from "../../src/mesh/errors.ts";
import { checkAccounts, checkWholeStory } from "./accounts.ts";
import { EventTape } from "./event-tape.ts";
import { type DeliveryHistory, History, type SessionHistory, short, written } from "./history.ts";
import { type Judge, judgeAll, judgeInOrder, type Sent } from "./judging.ts";
import { demand } from "./promises.ts";
import { judgeStreamed, judgeStreams } from "./questions-leases.ts";
import { Tape } from "./tape.ts";
import type { World } from "./world.ts";

/** Asks the engine one thing. The question is fixed when it begins; the answer is judged in the order of asking. */
export type Question = (observer: Observer) => Promise<Judge | Sent>;

/** What an act was answered: its value, or the code of the refusal. */
export type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "refused"; readonly code: string };

/** Follows one engine through one run. */
export class Observer {
  readonly world: World;
  readonly history: History;
  readonly tape: Tape;
  readonly events: EventTape;
  /** What was asked and answered, line by line, for a failure's report. */
  readonly journal: string[] = [];
  /** Where each reader of the log stands: its cursor, and how many entries lie before it. */
  readonly readers = new Map<AgentId | undefined, { cursor: string; seen: number }>();
  /** Messages that are published in this step, and the deliveries of those that were. */
  readonly asked = new Set<MessageId>();
  readonly spread = new Map<MessageId, readonly string[]>();
  /** Asked several things in one turn: an empty answer may be older than its neighbours. */
  together = false;
  clockSetBack = false;
  steps = 0;
  /** Counts leases and signs in their order. */
  count = 0;
  readonly #owed = new Map<AgentId, string>();
  readonly #creditFreed = new Map<AgentId, string>();
  #started = false;
  readonly #later: Judge[] = [];

  private constructor(world: World, history: History, tape: Tape, events: EventTape) {
    this.world = world;
    this.history = history;
    this.tape = tape;
    this.events = events;
    tape.onNext = (entry) => judgeStreamed(this, entry);
  }

  static async begin(world: World): Promise<Observer> {
    const { cursor } = await world.store.log({ after: undefined, limit: 1, viewer: undefined });
    const history = new History();
    return new Observer(world, history, new Tape(history, cursor), await EventTape.begin(world.store));
  }

  get now(): number {
    return this.world.now;
  }

  /** Asks in one turn of the event loop, then judges the answers, the log, the hints and the counters. */
  async step(...questions: Question[]): Promise<void> {
    this.steps++;
    this.together = questions.length > 1;
    this.world.forget();
    this.asked.clear();
    this.spread.clear();
    await this.world.quiet();
    const judges = await Promise.all(questions.map((question, n) => this.world.asked(n, () => question(this))));
    await this.world.hinted();
    const logged = await this.tape.read(this.world.store);
    const happened = await this.events.read(this.world.store, logged);
    const grown = this.tape.length > 0;
    const order = this.world.order();
    if (order) judgeInOrder(judges, order);
    else judgeAll(judges);
    for (const judge of this.#later.splice(0)) judge();
    judgeStreams(this);
    this.tape.done();
    this.events.judge(this.history, this.now);
    const told = happened === 0 || this.world.happened || this.#started;
    demand(told, "hints", () => "something happened, and nobody was told");
    this.#checkHints(grown);
    await checkAccounts(this);
  }

  /** Judges what was seen while acts were under way, when they are done. */
  afterAll(judge: Judge): void {
    this.#later.push(judge);
  }

  /** Checks the whole history; every inbox has been drained. */
  async finish(): Promise<void> {
    await checkWholeStory(this);
    await this.events.checkWhole(this.world.store, this.history);
  }

  say(line: string): void {
    this.journal.push(`${String(this.now % 10_000_000).padStart(7)} ${line}`);
  }

  /** A delivery became leasable: whoever waits for this inbox must be told in this step. */
  becameLeasable(delivery: DeliveryHistory, why = "became leasable"): void {
    this.#owed.set(delivery.to.id, `${short(delivery)} ${why}`);
  }

  /** A session gave a sign: if it had been silent, its stream must be told of what is leasable. */
  heardOf(session: SessionHistory | undefined): void {
    if (!session?.open) return;
    session.heard = ++this.count;
    if (!session.silent) return;
    session.silent = false;
    written(session);
    const { id, agentId } = session;
    const stream = { maxInFlight: 1, maxPushes: undefined };
    const [first] = this.history.leasable({ agentId, session: id, stream }, this.now);
    if (first) this.#owed.set(agentId, `${short(first)} can be streamed again to a session that had been silent`);
  }

  /** A verb on a delivery is a sign of its holder, or of the last one. */
  heardOfHolder({ state, lease, lastHolder }: DeliveryHistory): void {
    this.heardOf(this.history.session(state === "leased" ? lease?.session : lastHolder));
  }

  /** What was streamed was taken notice of: its stream works. */
  proves({ state, lease }: DeliveryHistory): void {
    const session =
      state === "leased" && lease?.position !== undefined ? this.history.session(lease.session) : undefined;
    if (!session?.open) return;
    const ageMs = this.now - (session.provenAt ?? Number.NEGATIVE_INFINITY);
    if (ageMs <= 60_000 && ageMs >= 0) return;
    session.provenAt = this.now;
    written(session);
  }

  /** A lease is over: a stream has credit again. */
  endLease(delivery: DeliveryHistory): void {
    if (delivery.lease?.position !== undefined) {
      this.#creditFreed.set(delivery.to.id, `the streamed lease of ${short(delivery)} ended and freed credit`);
    }
    delivery.lease = undefined;
  }

  #checkHints(grown: boolean): void {
    for (const [agentId, why] of this.#creditFreed) {
      if (this.history.leasable({ agentId, session: undefined }, this.now).length > 0) this.#owed.set(agentId, why);
    }
    const missing = [...this.#owed].find(([agentId]) => !this.world.told.has(agentId));
    const told = !grown || this.world.grown || this.#started;
    this.#owed.clear();
    this.#creditFreed.clear();
    this.#started = false;
    demand(missing === undefined, "hints", () => `${missing?.[1]}, and nobody was told`);
    demand(told, "hints", () => "the timeline grew, and nobody was told");
  }

  /** The engine was started anew: everybody asks anew, no hint is owed, delays that are over by now are known. */
  started(): void {
    this.#started = true;
    this.#owed.clear();
    this.#creditFreed.clear();
    for (const each of this.history.deliveries) if (each.dueAt <= this.now) each.announced = true;
    for (const { focus } of this.history.agents) if (focus && focus.until <= this.now) focus.announced = true;
  }
}

/** Waits for an act; a refusal by the rules is an answer, anything else a fault of the engine. */
export async function outcome<T>(act: Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: "answered", value: await act };
  } catch (error) {
    if (error instanceof MeshError) return { kind: "refused", code: error.code };
    throw error;
  }
}
