/** The part of the Store port that looks at what everybody has stored: along an index, a page at a time. */

/** Reads that stay short however much is stored. */
export interface Looks {
  /** Names of agents that are there: the nearest to a text in the order of names, and those with a word that begins so. */
  namesAround(text: string, limit: number): Promise<string[]>;
  /** Which of these names an agent has that is there. */
  namesAmong(names: readonly string[]): Promise<string[]>;
}
