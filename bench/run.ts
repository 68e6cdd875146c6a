/** A run: each load on each side, in rounds that take turns, so that what else the machine does falls on all of them. */
import type { Figures, Load, OpenLoad, Size } from "./load.ts";
import type { Side, SideName } from "./side.ts";

/** What the rounds of one side brought. */
export type RoundsOf = Partial<Record<SideName, Figures[]>>;

/** How a run is made. */
export interface RunOptions {
  readonly size: Size;
  readonly rounds: number;
  say(line: string): void;
}

/** Does one load. */
export async function runLoad(load: Load, sides: readonly Side[], options: RunOptions): Promise<RoundsOf> {
  const able = sides.filter(({ name }) => load.sides.includes(name));
  const rounds = Math.min(options.rounds, load.mostRounds ?? options.rounds);
  const figures: RoundsOf = Object.fromEntries(able.map(({ name }) => [name, []]));
  const open = load.together ? new Map<SideName, OpenLoad>() : undefined;
  try {
    for (const side of open ? able : []) {
      options.say(`${load.id} ${side.name}: opens, warms up`);
      const opened = await load.open(side, options.size);
      open?.set(side.name, opened);
      for (let i = 0; i < load.warmUps; i++) await opened.round();
    }
    for (let round = 0; round < rounds; round++) {
      // There and back: none is always the first after a pause.
      for (const side of round % 2 === 0 ? able : able.toReversed()) {
        options.say(`${load.id} ${side.name}: round ${round + 1} of ${rounds}`);
        const result = open ? await open.get(side.name)?.round() : await roundAlone(load, side, options.size);
        if (result) figures[side.name]?.push(result);
      }
    }
  } finally {
    for (const opened of open?.values() ?? []) await opened[Symbol.asyncDispose]();
  }
  return figures;
}

async function roundAlone(load: Load, side: Side, size: Size): Promise<Figures> {
  await using opened = await load.open(side, size);
  for (let i = 0; i < load.warmUps; i++) await opened.round();
  return await opened.round();
}
