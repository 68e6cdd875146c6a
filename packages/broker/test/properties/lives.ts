/**
 * Backups and restores between the acts of clients: whatever comes, a number, id or cursor that a client was given names
 * what it was given for, or is refused. Clients keep what they were shown in all lives of the database.
 */
import fc from "fast-check";
import { MeshError } from "../../src/mesh/errors.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { demand } from "./promises.ts";
import { type EngineMaker, SqliteWorld } from "./sqlite-world.ts";
import type { Restore } from "./world.ts";

const AGENTS = ["anna", "ben"] as const;
type Name = (typeof AGENTS)[number];
const QUOTA = { maxMessages: 1_000, maxBytes: 1e6 };

/** What a client was shown under a number. */
interface Shown {
  readonly seq: number;
  readonly id: `dlv_${string}`;
  readonly body: string;
}

/** All that happened in one run, over all lives. */
class Lives {
  readonly world: SqliteWorld;
  readonly shown: Record<Name, Shown[]> = { anna: [], ben: [] };
  /** Who reads the log, from its first look on. */
  reader: { cursor: string } | undefined;
  /** What came of things, for the count of what was checked at all. */
  readonly count: Map<string, number>;
  #bodies = 0;

  constructor(world: SqliteWorld, count: Map<string, number>) {
    this.world = world;
    this.count = count;
  }

  tally(what: string): void {
    this.count.set(what, (this.count.get(what) ?? 0) + 1);
  }

  /** Clients register by themselves, also when the mesh does not know them any more. */
  async register(): Promise<void> {
    for (const name of AGENTS) {
      const agent = { id: `agt_${name}`, tokenHash: name, name, ifTaken: "refuse", profile: {} } as const;
      if (!(await this.world.store.findAgent(agent.id))) await this.world.store.registerAgent(agent);
    }
  }

  async send(to: Name, answers?: `dlv_${string}`) {
    await this.register();
    const n = ++this.#bodies;
    const body = `text ${n}`;
    const ids = { id: `msg_${n}`, threadId: `thr_${n}`, deliveryId: `dlv_${n}` } as const;
    const parties = { senderId: `agt_${to === "anna" ? "ben" : "anna"}`, recipientId: `agt_${to}` } as const;
    const rest = { body, bodyBytes: body.length, inReplyTo: undefined, ttlMs: 1e9, idempotency: undefined, answers };
    return await this.world.store.enqueue({ ...ids, ...parties, ...rest }, QUOTA);
  }

  /** The recipient is shown what waits. */
  async lease(who: Name): Promise<void> {
    await this.register();
    const terms = { agentId: `agt_${who}`, max: 3, maxBytes: 1e6, leaseMs: 1e6, session: undefined } as const;
    for (const { delivery } of (await this.world.store.lease(terms)).leased) {
      const { seq, id, message } = delivery;
      const before = this.shown[who].find((each) => each.seq === seq);
      demand(
        !before || before.id === id,
        "other lives",
        () => `${who} was given #${seq} for ${before?.id} and for ${id}`,
      );
      this.shown[who].push({ seq, id, body: message.body });
      this.tally("shown");
    }
  }

  /** A client acks by a number that it was shown once, in this life or another. */
  async ack(who: Name, n: number): Promise<void> {
    const known = this.shown[who][n % this.shown[who].length];
    if (!known) return;
    await this.register();
    const verdict = await this.refusable(() =>
      this.world.store.ack(`agt_${who}`, String(known.seq), undefined, "handled"),
    );
    if (verdict === undefined || !("delivery" in verdict)) return;
    const { id } = verdict.delivery;
    demand(
      id === known.id,
      "other lives",
      () => `${who} acked #${known.seq}, shown as ${known.id}, and ${id} was acked`,
    );
    this.tally("acked");
  }

  /** A client answers by a number that it was shown once: the message that it names is the one that was shown. */
  async answer(who: Name, n: number): Promise<void> {
    const known = this.shown[who][n % this.shown[who].length];
    if (!known) return;
    await this.register();
    const place = await this.refusable(() => this.world.store.placeMessage(String(known.seq), `agt_${who}`));
    if (!place) return;
    const { deliveryId } = place;
    demand(deliveryId === known.id, "other lives", () => `an answer of ${who} to #${known.seq} names ${deliveryId}`);
    await this.send(who === "anna" ? "ben" : "anna", deliveryId);
    this.tally("answered");
  }

  /** A reader of the log goes on from where it was: it is refused, or what it reads continues what is there. */
  async follow(): Promise<void> {
    const { store } = this.world;
    const all = await store.log({ after: undefined, limit: 500, viewer: undefined });
    if (!this.reader) {
      this.reader = { cursor: all.cursor };
      this.unread.splice(0);
      return;
    }
    const { cursor } = this.reader;
    const page = await this.refusable(() => store.log({ after: cursor, limit: 500, viewer: undefined }));
    this.reader = { cursor: page?.cursor ?? all.cursor };
    if (!page) return;
    const news = this.unread.splice(0);
    const read = page.entries.map(({ deliveryId, event }) => `${event} ${deliveryId}`);
    const missed = news.filter((each) => !read.includes(each));
    demand(missed.length === 0, "other lives", () => `a reader of the log skipped ${missed.join(", ")}`);
    this.tally("read on");
  }

  /** What was accepted since the reader of the log read. */
  readonly unread: string[] = [];

  async accept(to: Name): Promise<void> {
    const { delivery } = await this.send(to);
    this.unread.push(`accepted ${delivery.id}`);
  }

  /** Undefined when it is refused as of another life. */
  async refusable<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof MeshError) || !["other_life", "cursor_invalid"].includes(error.code)) throw error;
      if (error.code === "cursor_invalid") this.unread.splice(0);
      this.tally(error.code);
      return undefined;
    }
  }
}

type Act = { readonly text: string; readonly run: (lives: Lives) => Promise<void> };

const name = fc.constantFrom(...AGENTS);
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: name.map((to) => ({ text: `send ${to}`, run: (l: Lives) => l.accept(to) })) },
  { weight: 6, arbitrary: name.map((who) => ({ text: `lease ${who}`, run: (l: Lives) => l.lease(who) })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, fc.nat(99))
      .map(([who, n]) => ({ text: `ack ${who} ${n}`, run: (l: Lives) => l.ack(who, n) })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, fc.nat(99))
      .map(([who, n]) => ({ text: `answer ${who} ${n}`, run: (l: Lives) => l.answer(who, n) })),
  },
  { weight: 3, arbitrary: fc.constant({ text: "follow", run: (l: Lives) => l.follow() }) },
  {
    weight: 2,
    arbitrary: fc.constant({
      text: "backup",
      run: async (l: Lives) => {
        l.world.backUp();
      },
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom<Restore>("in place", "removed first", "by rename"), fc.constantFrom("kill", "clean"))
      .map(([how, end]) => ({
        text: `${end}, restore ${how}`,
        run: async (l: Lives) => {
          await l.world.restore(how, end);
          l.tally("restored");
        },
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("kill", "clean").map((how) => ({
      text: how,
      run: async (l: Lives) => {
        await l.world.restart(how);
        l.tally("restarted");
      },
    })),
  },
);

/** Runs an engine through sequences of acts, backups and restores; returns what came of it, and how often what happened. */
export async function checkLives(
  newEngine: () => EngineMaker,
  parameters: fc.Parameters<[Act[]]>,
  drivers?: readonly Driver[],
): Promise<{ readonly details: fc.RunDetails<[Act[]]>; readonly count: ReadonlyMap<string, number> }> {
  const count = new Map<string, number>();
  const sequences = fc.array(acts, { minLength: 1, maxLength: 60, size: "max" });
  const property = fc.asyncProperty(sequences, async (sequence) => {
    await using world = new SqliteWorld(newEngine(), drivers);
    const lives = new Lives(world, count);
    // Of the empty mesh: what is registered later is lost with a restore, too.
    world.backUp();
    try {
      for (const { run } of sequence) await run(lives);
    } catch (error) {
      if (error instanceof Error) error.message += `\n${sequence.map(({ text }) => text).join("; ")}`;
      throw error;
    }
  });
  return { details: await fc.check(property, parameters), count };
}
