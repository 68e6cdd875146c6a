/** One of the two databases of a move, as rows of tables, whatever engine keeps them. */
import * as z from "zod";
import type { Table } from "./tables.ts";

/** What a column holds. */
export type Cell = string | number | null;

/** A row as either database gives it, by the names of its columns. */
export const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** How far numbers have come, and what was forgotten or let go. */
export const Numbers = z.object({
  ...{ message: z.int(), timeline: z.int(), event: z.int(), audit: z.int(), forgotten: z.int(), letGo: z.int() },
  letGoUntil: z.int().nullable(),
});
export type Numbers = z.infer<typeof Numbers>;

/** What a mesh is called by those who remember it. */
export const Identity = z.object({ instanceId: z.string(), epoch: z.string() });
export type Identity = z.infer<typeof Identity>;

/** What is known of the lives of the database, by which numbers of another one are told. */
export const Lives = z.object({
  lives: z.array(z.tuple([z.int(), z.int(), z.int()])),
  /** Key of an agent, and from which number to which its inbox has a gap. */
  gaps: z.array(z.tuple([z.int(), z.int(), z.int()])),
});
export type Lives = z.infer<typeof Lives>;

/** What is known of a mesh beside its rows. */
export interface Beside {
  readonly identity: Identity;
  readonly numbers: Numbers;
  readonly lives: Lives;
}

/** In place of the mesh's own key, which no two databases need have the same. */
export const OF_THE_MESH = -1;

/** A database that is read. */
export interface Side {
  /** Where it is, without a secret. */
  readonly name: string;
  tables(): Promise<readonly Table[]>;
  /** Rows behind a key, in its order. */
  rows(table: Table, columns: readonly string[], after: readonly Cell[] | undefined, limit: number): Promise<Cell[][]>;
  beside(): Promise<Beside>;
  /** Key of the mesh as a sender. */
  meshKey(): Promise<number>;
  /** The largest key of an agent. */
  newestAgent(): Promise<number>;
}

/** A database that is written, all of it in one transaction. */
export interface TargetSide extends Side {
  put(table: Table, columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void>;
  /** Which key the mesh is to have here, of whose agents the largest key is this. */
  meshKeyBehind(newest: number): number;
  /** What follows from the rows, and what is kept beside them. */
  finish(known: Beside, meshKey: number): Promise<void>;
}

/** A name of a table or column, as both engines take it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
