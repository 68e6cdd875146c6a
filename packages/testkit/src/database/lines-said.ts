/** What the program that carries connections to a database is told, and says. */
import * as z from "zod";

/**
 * What is done to the connections of a broker: `cut` ends those there are; `refuse` does, and takes no others; `freeze` lets nothing
 * pass and tells nobody; `delay` has each piece come so much later; `cut-at-commit` ends them all when the database has answered the
 * next commit, and before that is told, at most so long from now; `forget` has nothing pass over those there are, for good; `mend`
 * undoes what lasts.
 */
export const LineSpoil = z.object({
  spoil: z.enum(["cut", "refuse", "freeze", "delay", "cut-at-commit", "forget", "mend"]),
  ms: z.number().optional(),
});
export type LineSpoil = z.infer<typeof LineSpoil>;

/** Does it to the connections of one broker. */
export const LinesAsked = LineSpoil.extend({ id: z.int(), line: z.int() });
export type LinesAsked = z.infer<typeof LinesAsked>;

/** Where it listens, once; then what it has done. */
export const LinesSaid = z.union([z.object({ ports: z.array(z.int()) }), z.object({ done: z.int() })]);
export type LinesSaid = z.infer<typeof LinesSaid>;
