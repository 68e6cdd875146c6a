/** A run: each load on each side, in rounds that take turns, so that what else the machine does falls on all of them. */
import { within } from "./bus.ts";
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

/** No opening and no round takes longer: on a busy machine some come near. */
const LONGEST_MS: Record<Size, number> = { smoke: 600_000, usual: 1_800_000, whole: 4 * 3_600_000 };

/** Does one load. */
export async function runLoad(load: Load, sides: readonly Side[], options: RunOptions): Promise<RoundsOf> {
  const longest = LONGEST_MS[options.size];
  const able = sides.filter(({ name }) => load.sides.includes(name));
  const rounds = Math.min(options.rounds, load.mostRounds ?? options.rounds);
  const figures: RoundsOf = Object.fromEntries(able.map(({ name }) => [name, []]));
  const open = load.together ? new Map<SideName, OpenLoad>() : undefined;
  try {
    for (const side of open ? able : []) {
      options.say(`${load.id} ${side.name}: opens, warms up`);
      const opened = await within(longest, `opening ${load.id}`, load.open(side, options.size));
      open?.set(side.name, opened);
      for (let i = 0; i < load.warmUps; i++) await within(longest, load.id, opened.round());
    }
    for (let round = 0; round < rounds; round++) {
      // There and back: none is always the first after a pause.
      for (const side of round % 2 === 0 ? able : able.toReversed()) {
        options.say(`${load.id} ${side.name}: round ${round + 1} of ${rounds}`);
        const work = open ? open.get(side.name)?.round() : roundAlone(load, side, options.size);
        const result = work && (await within(longest, load.id, work));
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
