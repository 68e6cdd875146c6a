/**
 * One transaction for many acts, in two trips to the database: what they need to know is read behind the locks of all their agents,
 * and what comes of them is written with the COMMIT behind it. Acts of other kinds follow in it, each in a savepoint.
 */
import type { AgentId } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { StoreListener } from "../../../mesh/store.ts";
import { leaseForStreams } from "../acts/streamed.ts";
import { type DecidedAcks, decideAcks } from "../acts/together/acks.ts";
import { decideLeases } from "../acts/together/leases.ts";
import { type Decided, decideSends } from "../acts/together/sends.ts";
import { type Standing, standing } from "../acts/together/standing.ts";
import { Tallied, type Tally } from "../acts/together/tally.ts";
import { type LeaseToWrite, type SendToWrite, writtenStatements } from "../acts/together/written.ts";
import type { EngineContext } from "../context.ts";
import type { Connection } from "../driver/database.ts";
import { awayWhy, isBehindFailure, type Stage } from "../driver/failure.ts";
import { engineOf } from "../engine.ts";
import { begin, contextOf, OTHERS, type Terms } from "./begun.ts";
import { Hints } from "./hints.ts";
import { LockedAgents } from "./locked.ts";
import { Numbers } from "./numbers.ts";
import type { AckAskedFor, LeaseAskedFor, OneOf, SendAsked, Waiting } from "./waiting.ts";

/** What was decided of all kinds. */
interface Found {
  readonly sent: Decided<SendToWrite>;
  readonly acked: DecidedAcks;
  readonly leased: Decided<LeaseToWrite>;
  readonly tallied: Tally;
}

/** Acts that are done in one transaction. */
export class Group {
  readonly #terms: Terms;
  readonly #listener: StoreListener | undefined;
  readonly #acts: readonly Waiting[];
  readonly hints = new Hints();
  /** What is told to whoever asked; of whom there is none, that one is done by itself. */
  readonly told = new Map<Waiting, () => void>();
  stage: Stage = "act";

  constructor(terms: Terms, listener: StoreListener | undefined, acts: readonly Waiting[]) {
    this.#terms = terms;
    this.#listener = listener;
    this.#acts = acts;
  }

  /** Does them. @throws when nothing of it is stored, or nobody knows */
  async run(connection: Connection, committing: () => void): Promise<void> {
    try {
      await this.#run(connection, committing);
    } catch (error) {
      await connection.script("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  async #run(connection: Connection, committing: () => void): Promise<void> {
    const sends: OneOf<SendAsked>[] = [];
    const acks: OneOf<AckAskedFor>[] = [];
    const leases: OneOf<LeaseAskedFor>[] = [];
    const others: Waiting[] = [];
    for (const waiting of this.#acts) {
      const { asked } = waiting;
      if (asked?.kind === "send") sends.push({ asked, waiting });
      else if (asked?.kind === "ack") acks.push({ asked, waiting });
      else if (asked?.kind === "lease") leases.push({ asked, waiting });
      else others.push(waiting);
    }
    const agents = [...new Set(this.#acts.flatMap((each) => each.agents))];
    const asked = {
      ...{ agents, sends: sends.map((one) => one.asked), acks: acks.map((one) => one.asked) },
      leases: leases.map((one) => one.asked),
    };
    const [now, stand] = await allOf([
      begin(connection, "group", this.#terms),
      standing(connection, asked, (agentId) => this.#offersOf(agentId)),
    ]);
    const context = this.#context(connection, now, stand);
    const tallied = new Tallied();
    const sent = decideSends(sends, stand, context, tallied);
    const acked = decideAcks(acks, stand, context, tallied);
    const leased = decideLeases(leases, stand, context, tallied, sent.notes.length + acked.notes.length);
    for (const [waiting, told] of [...sent.told, ...acked.told, ...leased.told]) this.told.set(waiting, told);
    const rest = [...sent.byItself, ...acked.byItself, ...leased.byItself, ...others];
    const isWhole = rest.length === 0 && this.#serve(stand);
    const writing = this.#write(connection, now, { sent, acked, leased, tallied });
    const placed = () => {
      for (const waiting of this.told.keys()) waiting.seen?.placed();
    };
    // Its COMMIT goes with what it writes, and is none where something of that fails. Who is seen is so while it holds its locks.
    if (!isWhole || this.#terms.witness) await writing;
    placed();
    if (!isWhole) {
      await connection.script(OTHERS);
      for (const waiting of rest) await this.#one(connection, context, waiting);
      await leaseForStreams(engineOf(context), context, (agentId) => this.#offersOf(agentId));
    }
    this.stage = "commit";
    const committed = connection.script("COMMIT");
    committing();
    await allOf([writing, committed]);
  }

  #offersOf(agentId: AgentId) {
    return this.#listener?.offers?.(agentId) ?? [];
  }

  #context(connection: Connection, now: number, { parties }: Standing): EngineContext {
    const locked = new LockedAgents(
      [...parties.values()].map(({ row }) => row.pk),
      true,
    );
    return contextOf(this.#terms, connection, { now, hints: this.hints, locked, numbers: new Numbers(connection) });
  }

  /** Writes what was decided, in one go. */
  async #write(connection: Connection, now: number, { sent, acked, leased, tallied }: Found): Promise<void> {
    const notes = [...sent.notes, ...acked.notes, ...leased.notes];
    if (notes.length === 0) return;
    this.hints.advanced();
    const write = writtenStatements(connection, now);
    const taken = write.take(sent.rows.length, notes.length);
    const written: Promise<unknown>[] = [write.count(tallied.inboxes)];
    if (sent.rows.length > 0) {
      written.push(write.keep(tallied.senders), write.putMessages(sent.rows), write.putWords(sent.rows));
      written.push(write.putDeliveries(sent.rows, notes.length));
    }
    if (sent.rows.some(({ key }) => key)) written.push(write.putKeys(sent.rows));
    if (acked.rows.length > 0) written.push(write.ack(acked.rows));
    written.push(write.note(notes));
    if (leased.rows.length > 0) written.push(write.lease(leased.rows, notes.length));
    const heard = [...acked.heard];
    if (heard.length > 0) written.push(write.heard(heard, acked.notes.length + leased.notes.length));
    const [[last]] = await allOf([taken, ...written]);
    if (!last) throw new Error("the database has lost its counters");
    for (const place of [...sent.placed, ...leased.placed]) place(last.timeline - notes.length);
  }

  /** Whether nothing is left to be leased for streams: what is not served by then is looked for. */
  #serve({ parties }: Standing): boolean {
    let isServed = true;
    for (const agentId of this.hints.waiting()) {
      if (this.#offersOf(agentId).length === 0) continue;
      if ((parties.get(agentId)?.queued ?? 0) > 0) isServed = false;
      else this.hints.served(agentId);
    }
    return isServed;
  }

  /** Does one by its own statements: what is refused leaves nothing, and what fails otherwise is done by itself later. */
  async #one(connection: Connection, context: EngineContext, waiting: Waiting): Promise<void> {
    const hints = new Hints();
    const own = contextOf(this.#terms, connection, { ...context, hints });
    await connection.script("SAVEPOINT one");
    try {
      const tell = await waiting.act(engineOf(own), own);
      await connection.script("RELEASE one");
      waiting.seen?.placed();
      this.hints.add(hints);
      this.told.set(waiting, tell);
    } catch (error) {
      if (awayWhy(error) !== undefined) throw error;
      await connection.script("ROLLBACK TO one; RELEASE one");
      if (!(error instanceof MeshError)) return;
      waiting.seen?.placed();
      this.told.set(waiting, () => waiting.refuse(error));
    }
  }
}

/** All of them, when the last one is over, or the first failure: nothing of them is under way behind it. */
async function allOf<T extends readonly unknown[]>(
  works: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failures: unknown[] = [];
  for (const one of await Promise.allSettled(works)) if (one.status === "rejected") failures.push(one.reason);
  // What was asked behind a failure fails, too, and does not say why.
  if (failures.length > 0) throw failures.find((failure) => !isBehindFailure(failure)) ?? failures[0];
  return Promise.all(works);
}
