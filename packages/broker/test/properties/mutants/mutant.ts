/** What a mutant is: the real engine with one promise broken, as quietly as can be. */

import type { Store } from "../../../src/mesh/store.ts";
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import type { SessionInMemory, SessionsInMemory } from "../../../src/store/sqlite/memory/sessions.ts";
import { openStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { FakeClock } from "../../store/fake-clock.ts";
import type { EngineMaker } from "../sqlite-world.ts";

/** A broken engine; `engine` is called once per run, what it returns at each start of that run. */
export interface Mutant {
  readonly name: string;
  readonly engine: () => EngineMaker;
  /** The same over the store of any engine, where nothing but its answers is spoiled. */
  readonly spoil?: () => (sound: SoundStore) => Partial<Store>;
  /** Commands that come more often when it is looked for, if not those of its noun. */
  readonly often?: readonly string[] | undefined;
}

/** A sound store that a mutant spoils, whatever it is over. */
export interface SoundStore {
  readonly store: Store;
  readonly clock: FakeClock;
  /** 1 at the first start, 2 after the first restart … */
  readonly start: number;
}

/** The sound engine that a mutant spoils. */
export interface Sound extends SoundStore {
  readonly db: Database;
  /** Those that it has in memory. */
  readonly sessions: SessionsInMemory;
}

/** A mutant that answers some verbs itself. `spoil` is called once per run; its function at each start. */
export function mutant(name: string, spoil: () => (sound: Sound) => Partial<Store>, often?: readonly string[]): Mutant {
  return {
    name,
    often,
    engine: () => {
      const verbs = spoil();
      let start = 0;
      return (database, clock, sizes) => {
        const { store, sessions } = openStore(database, clock, undefined, sizes);
        return { ...store, ...verbs({ store, sessions, db: database.db, clock, start: ++start }) };
      };
    },
  };
}

/** A mutant without a memory. */
export function stateless(name: string, verbs: (sound: Sound) => Partial<Store>, often?: readonly string[]): Mutant {
  return mutant(name, () => verbs, often);
}

/** A mutant whose answers alone are spoiled: it is one over every engine. */
export function ofStoreOver(
  name: string,
  spoil: () => (sound: SoundStore) => Partial<Store>,
  often?: readonly string[],
): Mutant {
  return { ...mutant(name, spoil, often), spoil };
}

/** The same without a memory. */
export function ofStore(name: string, verbs: (sound: SoundStore) => Partial<Store>, often?: readonly string[]): Mutant {
  return ofStoreOver(name, () => verbs, often);
}

/** True each n-th time. */
export function every(n: number): () => boolean {
  let calls = 0;
  return () => ++calls % n === 0;
}

/** Deletes deliveries as if they had never been: counters and timeline with them. */
export function forgetDeliveries(db: Database, where: string, ...values: unknown[]): void {
  const rows = db
    .prepare<unknown[], { pk: number; agent_pk: number; bytes: number; state: string }>(
      `SELECT pk, agent_pk, bytes, state FROM delivery WHERE ${where}`,
    )
    .all(...values);
  for (const { pk, agent_pk, bytes, state } of rows) {
    const open = state === "queued" || state === "leased" ? 1 : 0;
    const queued = state === "queued" ? 1 : 0;
    db.prepare(
      `UPDATE agent SET queued_count = queued_count - ?, open_count = open_count - ?, open_bytes = open_bytes - ?
       WHERE pk = ?`,
    ).run(queued, open, open * bytes, agent_pk);
    db.prepare("DELETE FROM delivery WHERE pk = ?").run(pk);
  }
}

/** Runs `act` while a column of every row is changed, and puts it back. */
export async function whileSet<T>(
  db: Database,
  table: "agent" | "delivery",
  column: string,
  set: string,
  act: () => Promise<T>,
) {
  const kept = db.prepare<[], { key: unknown; was: unknown }>(`SELECT pk AS key, ${column} AS was FROM ${table}`);
  const before = kept.all();
  db.exec(`UPDATE ${table} SET ${column} = ${set}`);
  const answer = await act();
  for (const row of before) db.prepare(`UPDATE ${table} SET ${column} = :was WHERE pk = :key`).run(row);
  return answer;
}

/** The same with what is known of each session, in memory. */
export async function whileSessions<K extends "silent" | "heard", T>(
  sessions: SessionsInMemory,
  what: K,
  as: (session: SessionInMemory) => SessionInMemory[K],
  act: () => Promise<T>,
) {
  const before = [...sessions.all()].map((session) => ({ session, was: session[what] }));
  for (const { session } of before) session[what] = as(session);
  const answer = await act();
  for (const { session, was } of before) session[what] = was;
  return answer;
}
