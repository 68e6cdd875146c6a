/** The two ends of a move: where a mesh is, and where it is to be. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import type { MovedAway } from "../store/shared/moved-away.ts";
import type { Notice } from "../store/sqlite/context.ts";
import type { WantedDriver } from "../store/sqlite/driver/choose.ts";
import type { Side, TargetSide } from "./side.ts";

/** An end as it was named. */
export type Place =
  | { readonly kind: "sqlite"; readonly folder: string }
  | { readonly kind: "postgres"; readonly url: string };

/** What a move is refused for; the message says what to do. */
export class MoveRefusedError extends Error {
  override readonly name = "MoveRefusedError";
}

/** What both ends are opened with. */
export interface PlaceTerms {
  /** State folder with the mesh key. */
  readonly home: string;
  readonly sqliteDriver: WantedDriver;
  /** Of the database of Postgres. */
  readonly password?: (() => string) | undefined;
  readonly notice: Notice;
}

/** An open source, which no broker has. */
export interface Source {
  readonly name: string;
  /** Where its mesh went before; then there is nothing to move. */
  readonly left: MovedAway | undefined;
  /** Reads it, as one moment. */
  read<T>(act: (side: Side) => Promise<T>): Promise<T>;
  /** Notes that the mesh is elsewhere: no broker opens it any more. */
  leave(to: string): Promise<void>;
}

/** An open target, which no broker has. */
export interface Target {
  readonly name: string;
  readonly occupant: Occupant;
  /** Reads the mesh that is there. */
  read<T>(act: (side: Side) => Promise<T>): Promise<T>;
  /** Puts another one in its place: all of it when `act` resolves, else nothing. */
  write<T>(act: (side: TargetSide) => Promise<T>): Promise<T>;
}

/** Who is in a target: nobody whose mesh it would be a pity for; or a mesh, `isLeft` where it was moved away from there. */
export type Occupant = "nobody" | { readonly instanceId: string; readonly isLeft: boolean };

/** What a database is asked for its occupant, in the SQL of either engine. */
export const INSIDE = `
  SELECT instance_id AS "instanceId",
    EXISTS (SELECT 1 FROM message) OR EXISTS (SELECT 1 FROM agent WHERE removed_at IS NULL) AS "hasContent" FROM mesh`;

// SQLite has no truth values of its own.
const Inside = z.object({ instanceId: z.string(), hasContent: z.union([z.boolean(), z.int()]) });

/** The occupant of a database that answered so. */
export function occupantIn(row: unknown, isLeft: boolean): Occupant {
  const { instanceId, hasContent } = Inside.parse(row);
  return hasContent || isLeft ? { instanceId, isLeft } : "nobody";
}

/** Reads what a person named; a folder alone is one with a database of SQLite. @throws MoveRefusedError */
export function placeOf(text: string, home: string): Place {
  if (/^postgres(ql)?:\/\//i.test(text)) return { kind: "postgres", url: text };
  if (text === "sqlite" || text === "sqlite:") return { kind: "sqlite", folder: home };
  const folder = /^sqlite:(.+)$/.exec(text)?.[1] ?? (/^[./~]/.test(text) ? text : undefined);
  if (folder !== undefined) return { kind: "sqlite", folder: resolve(folder) };
  throw new MoveRefusedError(
    `A mesh is moved to or from sqlite (the state folder), sqlite:FOLDER, or postgres://USER@HOST/DATABASE, not ${JSON.stringify(text.slice(0, 20))}.`,
  );
}

/** The mesh key that a folder holds. */
export function keyIn(folder: string): string | undefined {
  const path = join(folder, "key");
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** The error for an end that a broker has open. */
export function servedError(name: string): MoveRefusedError {
  return new MoveRefusedError(
    `A broker has ${name} open, and what it takes meanwhile would be left behind. Stop every broker of this mesh (agentmesh down), then move it. Nothing was moved.`,
  );
}
