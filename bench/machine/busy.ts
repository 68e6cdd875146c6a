/** How much of the machine is at work, whoever it works for. */
import { cpus } from "node:os";

/** Times of all processors since the machine was started, in milliseconds. */
export interface ProcessorTimes {
  readonly all: number;
  readonly idle: number;
}

/** The times until now. */
export function processorTimes(): ProcessorTimes {
  const each = cpus().map(({ times }) => times);
  const all = each.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, idle: each.reduce((sum, { idle }) => sum + idle, 0) };
}

/** What part of all processors was at work between, in percent. */
export function busyShare(before: ProcessorTimes, after: ProcessorTimes): number {
  return 100 * (1 - (after.idle - before.idle) / (after.all - before.all));
}
