/** Senders and receivers that go on whatever happens to the broker, and write down what they saw. */
import { type DeliveryHandle, MeshApiError, MeshClient } from "@agentmesh/client";
import {
  drainFindings,
  History,
  type Ledger,
  ledgerFindings,
  readLedger,
  restingUntil,
  seededRandom,
  until,
} from "testkit";
import { DRAIN_GRACE_MS, type FaultKind } from "./bounds.ts";
import { type Found, sleep } from "./fault.ts";
import type { MeshUnderLoad } from "./mesh-under-load.ts";

/** Settings of a workload. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly senders?: number;
  readonly receivers?: number;
  /** Share of deliveries given back, and of deliveries at which the receiver is gone without a word. */
  readonly nackShare?: number;
  readonly crashShare?: number;
  readonly leaseMs?: number;
  /** Pause of each sender between two sends, in milliseconds. */
  readonly pauseMs?: number;
  /** The broker's clock is stepped: its moments and those of the receivers do not compare. */
  readonly stepped?: true;
  /** A broken network or broker, for tests of the checker. */
  readonly fetch?: typeof fetch;
}

const SHOWN = 5;
const LEASE_MS = 5_000;
/** How long an inbox may take to drain while nothing rests by the backoff. */
const DRAIN_MS = 60_000;

/** A running workload. */
export class Workload {
  readonly history = new History();
  readonly #mesh: MeshUnderLoad;
  readonly #options: WorkloadOptions;
  readonly #since: string;
  readonly #surprises: Found[] = [];
  readonly #stopSending = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #over = new AbortController();
  readonly #acks = new Set<Promise<void>>();
  #sending: Promise<void>[] = [];
  #reading: Promise<void>[] = [];
  #clients = 0;
  #drainFrom = 0;
  #longestLateMs = 0;

  private constructor(mesh: MeshUnderLoad, options: WorkloadOptions, since: string) {
    this.#mesh = mesh;
    this.#options = options;
    this.#since = since;
  }

  /** Registers the agents and begins. */
  static async start(mesh: MeshUnderLoad, options: WorkloadOptions): Promise<Workload> {
    const since = (await mesh.admin.log({ limit: 1 })).cursor;
    const workload = new Workload(mesh, options, since);
    const { seed, senders = 24, receivers = 12 } = options;
    const names = Array.from({ length: receivers }, (_, i) => `receiver-${i}`);
    const froms = Array.from({ length: senders }, (_, i) => `sender-${i}`);
    const reading = await Promise.all(names.map((each) => workload.#client(each)));
    // Every other sender tries again at once, the rest as the client does by itself.
    const sending = await Promise.all(froms.map((each, i) => workload.#client(each, i % 2 === 0 ? 5_000 : 0)));
    workload.#reading = reading.map((client, i) =>
      workload.#read(names[i] ?? "", client, seededRandom(seed + 1_000 + i)),
    );
    workload.#sending = sending.map((client, i) =>
      workload.#send(froms[i] ?? "", client, names, seededRandom(seed + i)),
    );
    return workload;
  }

  /** Notes that a fault of a kind is done to the broker as long as `act` runs. */
  async during<T>(kind: FaultKind, act: () => T | Promise<T>): Promise<T> {
    const over = this.history.fault(kind);
    try {
      return await act();
    } finally {
      over();
    }
  }

  /** Longest time that a delivery came later than its lease or its backoff allows, after the last send. */
  get longestLateMs(): number {
    return this.#longestLateMs;
  }

  /** Ends sending; a send that is still not answered after `graceMs` is given up. */
  async stopSending(graceMs = 15_000): Promise<void> {
    this.history.sendingEnds();
    this.#stopSending.abort();
    const giveUp = setTimeout(() => this.#giveUp.abort(), graceMs);
    await Promise.all(this.#sending);
    clearTimeout(giveUp);
    this.#drainFrom = Date.now();
  }

  /** Waits until every inbox is empty, as long as deliveries rest by the backoff and `timeoutMs` more; false when over. */
  async drained(timeoutMs = DRAIN_MS): Promise<boolean> {
    const empty = async () => {
      const { deliveries } = await this.#mesh.admin.status();
      return deliveries.queued + deliveries.leased === 0 && this.#acks.size === 0;
    };
    for (let ms = timeoutMs; ms > 0; ) {
      if (await until(empty, "every inbox to be empty", ms).catch(() => false)) return true;
      const ledger = await readLedger(this.#mesh.admin, this.#since);
      const resting = restingUntil(ledger.values(), this.#terms) - Date.now();
      ms = resting > 0 ? resting + timeoutMs : 0;
    }
    return false;
  }

  /** Ends receiving. */
  async stop(): Promise<void> {
    this.#stopSending.abort();
    this.#giveUp.abort();
    this.#over.abort();
    await Promise.all([...this.#sending, ...this.#reading, ...this.#acks]);
  }

  /** Ends everything, checks the history, and returns every finding with its events. */
  async finish(drainMs = DRAIN_MS): Promise<Found[]> {
    await this.stopSending();
    const drained = await this.drained(drainMs);
    const to = Date.now();
    await this.stop();
    const ledger: Ledger = await readLedger(this.#mesh.admin, this.#since);
    const { deliveries } = await this.#mesh.admin.status();
    const late = drainFindings(ledger.values(), { ...this.#terms, to, graceMs: DRAIN_GRACE_MS });
    this.#longestLateMs = late.longestMs;
    const found: Found[] = [
      ...this.#surprises,
      ...this.history.check(ledger),
      ...ledgerFindings(ledger, deliveries),
      ...late.found,
    ];
    if (!drained) {
      const detail = `after ${drainMs} ms ${deliveries.queued} are queued and ${deliveries.leased} leased`;
      found.push({ kind: "unavailable", detail });
    }
    const shown = new Map<string, number>();
    return found.map((each) => {
      const n = (shown.get(each.kind) ?? 0) + 1;
      shown.set(each.kind, n);
      if (each.messageId === undefined || n > SHOWN) return each;
      return { ...each, excerpt: this.history.excerpt(each.messageId, ledger.get(each.messageId)) };
    });
  }

  async #client(name: string, retryForMs = 5_000): Promise<MeshClient> {
    const { token } = await this.#mesh.agent(name);
    const { fetch } = this.#options;
    const first = this.#clients++;
    const url = [this.#mesh.url].flat().map((_, n, all) => all[(first + n) % all.length] ?? "");
    return new MeshClient({ url, token, retryForMs, ...(fetch && { fetch }) });
  }

  async #send(from: string, client: MeshClient, names: readonly string[], random: () => number): Promise<void> {
    const stopped = this.#stopSending.signal;
    for (let n = 0; !stopped.aborted; n++) {
      const to = names[Math.floor(random() * names.length)] ?? "";
      this.history.trying(from, to, n);
      const text = { to, body: `${from} ${to} ${n}`, idempotencyKey: `${from}:${n}` };
      while (!this.#giveUp.signal.aborted) {
        const begun = performance.now();
        try {
          const { messageId } = await client.send(text, { signal: this.#giveUp.signal });
          this.history.sent({ from, to, n, messageId, at: this.#now() }, begun);
          break;
        } catch (error) {
          this.#surprise(`${from} #${n}`, error);
          await sleep(20);
        }
      }
      if (this.#options.pauseMs) await sleep(this.#options.pauseMs);
    }
  }

  async #read(by: string, client: MeshClient, random: () => number): Promise<void> {
    const { crashShare = 0.002, nackShare = 0.01, leaseMs = LEASE_MS } = this.#options;
    const over = this.#over.signal;
    while (!over.aborted) {
      try {
        const session = await client.join();
        const crash = new AbortController();
        const signal = AbortSignal.any([over, crash.signal]);
        for await (const delivery of session.inbox({ signal, leaseMs })) {
          this.#note(by, delivery);
          const dice = random();
          if (dice < crashShare) {
            this.history.gone(session.id);
            crash.abort();
            break;
          }
          if (dice < crashShare + nackShare) this.#track(delivery.nack({ delayMs: 0 }));
          else this.#track(this.#ack(delivery));
        }
        if (over.aborted) await session.leave();
        else setTimeout(() => void session.leave(), 2_000).unref(); // gone; only its timers are ended
      } catch (error) {
        if (!over.aborted) this.#surprise(by, error);
        await sleep(20);
      }
    }
  }

  #note(by: string, { body, message, attempt, redelivered }: DeliveryHandle): void {
    const [from = "", to = "", n = ""] = body.split(" ");
    this.history.received({ by, from, to, n: Number(n), messageId: message.id, attempt, redelivered, at: this.#now() });
  }

  async #ack(delivery: DeliveryHandle): Promise<void> {
    await delivery.ack();
    this.history.acked({ messageId: delivery.message.id, at: this.#now() });
  }

  #now(): number {
    return this.#options.stepped ? Number.POSITIVE_INFINITY : Date.now();
  }

  get #terms() {
    const { leaseMs = LEASE_MS, stepped = false } = this.#options;
    return { from: this.#drainFrom, leaseMs, stepped };
  }

  #track(act: Promise<unknown>): void {
    const done: Promise<void> = act
      .then(
        () => undefined,
        () => undefined, // not answered: it comes again
      )
      .finally(() => this.#acks.delete(done));
    this.#acks.add(done);
  }

  /** An answer that no fault explains. */
  #surprise(who: string, error: unknown): void {
    if (!(error instanceof MeshApiError) || error.retryable) return;
    this.#surprises.push({ kind: "unexpected", detail: `${who} was answered ${error.code}: ${error.message}` });
  }
}
