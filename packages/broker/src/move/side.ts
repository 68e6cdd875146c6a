/** One of the two databases of a move, as rows of tables, whatever engine keeps them. */
import * as z from "zod";
import type { Table } from "./tables.ts";

/** What a column holds. */
export type Cell = string | number | null;

/** How far numbers have come, and what was forgotten or let go. */
export interface Numbers {
  readonly message: number;
  readonly timeline: number;
  readonly event: number;
  readonly audit: number;
  readonly forgotten: number;
  readonly letGo: number;
  readonly letGoUntil: number | null;
}

/** What a mesh is called by those who remember it. */
export interface Identity {
  readonly instanceId: string;
  readonly epoch: string;
}

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
