/** Whether `pnpm start` runs from what `pnpm build` made, or from the sources, as its test does. */

/** The programs that it starts and names are of the same form as itself. */
export const built = import.meta.resolve("@agentmesh/client").endsWith(".js");
