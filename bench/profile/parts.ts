/** What a profile's samples are part of: told by the file that a function is of, or by its name where it is of no file. */
import { readFileSync } from "node:fs";
import * as z from "zod";

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
    }),
  ),
  startTime: z.number(),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});

/** The parts, in the order in which a page shows them. */
export const PARTS = [
  "store: statements, acts, commits",
  "the mesh's own rules",
  "HTTP: guard, budgets, door, routes",
  "pushes into streams",
  "schemas and their parser",
  "web framework",
  "logger",
  "Node: HTTP, sockets, streams, timers",
  "Node: hashes and ids",
  "written to sockets, by the system",
  "flushes handed to other threads",
  "garbage collector",
  "the rest: microtasks, natives, starts",
] as const;

/** One of them. */
export type Part = (typeof PARTS)[number];

/** By what stands in the URL of a function's file. */
const BY_FILE: readonly (readonly [RegExp, Part])[] = [
  [/\/better-sqlite3\/|node:sqlite|\/broker\/src\/store\//, "store: statements, acts, commits"],
  [/\/broker\/src\/mesh\//, "the mesh's own rules"],
  [/\/broker\/src\/http\//, "HTTP: guard, budgets, door, routes"],
  [/\/broker\/src\/sinks\//, "pushes into streams"],
  [/\/zod\/|\/protocol\/src\//, "schemas and their parser"],
  [/\/(fastify|find-my-way|avvio|secure-json-parse|reusify|fast-[\w-]+|@fastify)\//, "web framework"],
  [/\/(pino|sonic-boom|thread-stream)\//, "logger"],
  [/node:internal\/crypto|node:crypto/, "Node: hashes and ids"],
  [/^node:/, "Node: HTTP, sockets, streams, timers"],
];

/** By the name of what is of no file. */
const BY_NAME: readonly (readonly [RegExp, Part])[] = [
  [/^(write\w+|writev)$/, "written to sockets, by the system"],
  [/^f(data)?sync$/, "flushes handed to other threads"],
  [/^\(garbage collector\)$/, "garbage collector"],
];

function partOf(name: string, url: string): Part {
  const found = url === "" ? BY_NAME.find(([form]) => form.test(name)) : BY_FILE.find(([form]) => form.test(url));
  return found?.[1] ?? "the rest: microtasks, natives, starts";
}

/** Shares of the busy time between two times, in milliseconds since the process began; they add up to 1. */
export function sharesOf(file: string, fromMs: number, untilMs: number): Map<Part, number> {
  const { nodes, startTime, samples, timeDeltas } = Profile.parse(JSON.parse(readFileSync(file, "utf8")));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<Part, number>();
  let at = startTime;
  let busy = 0;
  for (const [i, id] of samples.entries()) {
    const took = timeDeltas[i] ?? 0;
    at += took;
    const { functionName = "", url = "" } = frames.get(id) ?? {};
    const ms = (at - startTime) / 1_000;
    if (functionName === "(idle)" || ms < fromMs || ms > untilMs) continue;
    const part = partOf(functionName, url);
    times.set(part, (times.get(part) ?? 0) + took);
    busy += took;
  }
  return new Map([...times].map(([part, took]) => [part, took / busy]));
}
