/** What a load is: work that is done on each side in turn, and the figures that come of it. */
import type { Side, SideName } from "./side.ts";

/** What a figure is counted in. */
export type Unit = "ms" | "per s" | "CPU ms/s" | "%" | "KiB" | "MiB" | "×";

/** One figure of a load. */
export interface FigureKind {
  readonly key: string;
  readonly what: string;
  readonly unit: Unit;
  readonly better: "less" | "more";
  /** It says how the others came about; a later run is not held to it. */
  readonly beside?: true;
}

/** What one round brought, by the keys of the figures. */
export type Figures = Readonly<Record<string, number>>;

/** Which figure of which side; left out, of ours. */
export interface FigureAt {
  readonly figure: string;
  readonly side?: SideName;
}

/** What a load is to reach: a figure at most or at least so many times another one, or as it is. */
export interface Goal {
  readonly figure: string;
  /** Whose; left out, ours. */
  readonly side?: SideName;
  readonly most?: number;
  readonly least?: number;
  /** What it is a multiple of; left out, the figure is taken as it is. */
  readonly of?: FigureAt;
}

/** How much is done: a moment for a smoke test, what a run has time for, or all that the issue of speed is about. */
export type Size = "smoke" | "usual" | "whole";

/** A load that stands ready on one side. */
export interface OpenLoad extends AsyncDisposable {
  /** Does the work once. */
  round(): Promise<Figures>;
}

/** A load. */
export interface Load {
  readonly id: string;
  readonly title: string;
  /** How the figures come about, in a sentence or two for the page; with the numbers of this size. */
  how(size: Size): string;
  readonly figures: readonly FigureKind[];
  readonly goals: readonly Goal[];
  /** On which sides it can be done. */
  readonly sides: readonly SideName[];
  /** Whether the sides stand ready at the same time; otherwise each is opened and closed in its turn. */
  readonly together: boolean;
  /** Rounds that are done and forgotten first. */
  readonly warmUps: number;
  /** Most rounds that it is worth; the others are told by the command line. */
  readonly mostRounds?: number;
  open(side: Side, size: Size): Promise<OpenLoad>;
}

/** The two builds of ours. */
export const BUILDS: readonly SideName[] = ["ours", "against"];
/** All sides that carry one message to one receiver or to many. */
export const ALL_SIDES: readonly SideName[] = ["ours", "against", "bare", "redis", "jetstream"];
/** Those that work off what is queued in Postgres, beside all others. */
export const WITH_POSTGRES: readonly SideName[] = [...ALL_SIDES, "postgres", "postgres3", "pgboss", "graphile"];

/** The value that so many of all are not above. */
export function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle of some values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}

/** A text of so many bytes that differs with its number; nobody reads it. */
export function body(number: number, bytes = 1_024): string {
  return `${number} `.padEnd(bytes, "x");
}
