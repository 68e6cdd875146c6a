/** A mesh moved from one database to another, of whichever engine: all of it or nothing, compared before it is believed. */
import { copyAll, difference, factsOf, NotEqualError, type TableFacts } from "./copy.ts";
import { MoveRefusedError, type Place, type PlaceTerms, type Source, type Target } from "./place.ts";
import { fromPostgres, toPostgres } from "./postgres-place.ts";
import type { Side, TargetSide } from "./side.ts";
import { fromSqlite, toSqlite } from "./sqlite-place.ts";

/** What was moved. */
export interface Moved {
  readonly from: string;
  readonly to: string;
  /** `moved` now; `finished`: an earlier try had put it there, and was cut off; `before`: it had been moved already. */
  readonly how: "moved" | "finished" | "before";
  readonly tables: readonly TableFacts[];
}

/** From where to where. */
export interface MoveTerms extends PlaceTerms {
  readonly from: Place;
  readonly to: Place;
}

/**
 * Moves a mesh. Cut off at any point it may be asked for again: until the target holds all of it and was compared, it holds none.
 * @throws MoveRefusedError, NotEqualError, UnknownTableError, and what opening a database throws
 */
export async function move(terms: MoveTerms): Promise<Moved> {
  return opened(terms.from, terms, (source) => {
    return openedFor(terms.to, terms, (target) => moved(source, target));
  });
}

function opened<T>(from: Place, terms: PlaceTerms, act: (source: Source) => Promise<T>): Promise<T> {
  return from.kind === "sqlite" ? fromSqlite(from.folder, terms, act) : fromPostgres(from.url, terms, act);
}

function openedFor<T>(to: Place, terms: PlaceTerms, act: (target: Target) => Promise<T>): Promise<T> {
  return to.kind === "sqlite" ? toSqlite(to.folder, terms, act) : toPostgres(to.url, terms, act);
}

async function moved(source: Source, target: Target): Promise<Moved> {
  const ends = { from: source.name, to: target.name };
  if (source.left?.to === target.name) return { ...ends, how: "before", tables: [] };
  if (source.left) {
    throw new MoveRefusedError(
      `The mesh of ${source.name} was moved to ${source.left.to} already, and what is here is as it was then. To move it on: agentmesh move --from ${source.left.to} --to ${target.name}`,
    );
  }
  const { isThere, facts } = await source.read(async (from) => {
    const { instanceId } = (await from.beside()).identity;
    const { occupant } = target;
    if (occupant !== "nobody" && occupant.instanceId !== instanceId) {
      throw new MoveRefusedError(
        `${target.name} holds another mesh, and a database holds one. Name an empty database. Nothing was moved.`,
      );
    }
    if (occupant !== "nobody" && !occupant.isLeft) return { isThere: true, facts: await same(from, target) };
    return { isThere: false, facts: await target.write((to) => copied(from, to)) };
  });
  await source.leave(target.name);
  return { ...ends, how: isThere ? "finished" : "moved", tables: facts };
}

async function copied(from: Side, to: TargetSide): Promise<readonly TableFacts[]> {
  const facts = await copyAll(from, to);
  const differs = difference(facts, await factsOf(to, from));
  if (differs === undefined) return facts;
  throw new NotEqualError(
    `${to.name} does not hold what ${from.name} does: ${differs}. It was taken back: nothing was moved.`,
  );
}

/** What an earlier try left, whose last step is missing. */
async function same(from: Side, target: Target): Promise<readonly TableFacts[]> {
  const [facts, there] = await target.read(async (to) => [await factsOf(from, to), await factsOf(to, from)]);
  const differs = difference(facts, there);
  if (differs === undefined) return facts;
  throw new MoveRefusedError(
    `${target.name} holds this mesh already, and one of the two has gone on without the other: ${differs}. Which of them is the mesh, only you know: put the other one aside, then move again. Nothing was moved.`,
  );
}
