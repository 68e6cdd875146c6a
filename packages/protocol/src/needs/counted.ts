/** How far needs are counted, and how a number is said that may be more. */

/** Needs of one kind that are looked at: as many may be more. Of dead letters of one reason so many are counted. */
export const MAX_NEEDS_OF_A_KIND = 1_000;

/** A count that ends at a most: `12`, or `1000+` where there may be more. */
export function countedTo(most: number, count: number): string {
  return count < most ? String(count) : `${most}+`;
}

/** How many needs of all kinds there are; with a sign where one kind has more than are counted. */
export function needsCounted(counts: Readonly<Record<string, number>>): {
  readonly count: number;
  readonly text: string;
} {
  const all = Object.values(counts);
  const count = all.reduce((sum, n) => sum + n, 0);
  return { count, text: all.some((n) => n >= MAX_NEEDS_OF_A_KIND) ? `${count}+` : String(count) };
}
