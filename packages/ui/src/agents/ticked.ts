/** Agents that are ticked, to do the same with several. */
import { signal } from "@preact/signals";

/** Their ids. */
export const ticked = signal<ReadonlySet<string>>(new Set());
