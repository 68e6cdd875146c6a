/** A mesh that was moved to another database: what is here is as it was then, and is served no more. */
import * as z from "zod";

/** What is kept where the mesh was. */
export const MovedAway = z.object({
  /** Where it went, without a secret. */
  to: z.string(),
  /** When, in Unix milliseconds. */
  at: z.int(),
});
export type MovedAway = z.infer<typeof MovedAway>;

/** A database is not opened, since its mesh is elsewhere now. */
export class MovedAwayError extends Error {
  override readonly name = "MovedAwayError";

  constructor(here: string, { to, at }: MovedAway) {
    super(
      `The mesh in ${here} was moved to ${to} at ${new Date(at).toISOString()}. What is here is as it was then, and two that go on from there would be two meshes with one name: it is not opened. Start the broker on ${to}, or move the mesh back: agentmesh move --from ${to} --to ${here}`,
    );
  }
}
