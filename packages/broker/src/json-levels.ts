/** How deep JSON of other programs may go: what reads it goes down level by level. */

/** Most objects and lists that stand in each other. */
export const MOST_LEVELS = 32;

/** Whether more than `MOST_LEVELS` objects and lists stand in each other; looked at level by level, however many there are. */
export function isTooDeep(value: unknown): boolean {
  let level = [value].filter(isNested);
  for (let levels = 0; level.length > 0; levels++) {
    if (levels === MOST_LEVELS) return true;
    level = level.flatMap((each) => Object.values(each).filter(isNested));
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
