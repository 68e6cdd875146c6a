/** How much is tried of what could be tried for ever: a short form in `pnpm test`, all of it in `pnpm test:thorough`. */

/** The count in `pnpm test:thorough`, or the smaller one that every other run has. */
export function times(whole: number, short: number): number {
  return process.env.AGENTMESH_THOROUGH === "1" ? whole : short;
}
