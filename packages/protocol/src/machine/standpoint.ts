/** Where on which machine a program stands: what two programs have to share to reach each other's loopback or process. */
import * as z from "zod";
import { object } from "../shapes/lazy-object.ts";

/** Where a program stands; what a system does not say is left out. */
export const Standpoint = object(() => ({
  hostname: z.string(),
  /** This start of this machine's kernel. Containers have that of their host. */
  boot: z.string().optional(),
  /** The network namespace: whose loopback it has. */
  network: z.string().optional(),
  /** The namespace of process ids: whose numbers it knows. */
  processes: z.string().optional(),
}));
export type Standpoint = z.infer<typeof Standpoint>;

/** What a running broker writes into `broker.json`: pid and version for people, url for programs. */
export const BrokerFile = object(() => ({
  url: z.string(),
  port: z.int(),
  pid: z.int(),
  version: z.string().optional(),
  startedAt: z.string().optional(),
  standpoint: Standpoint.optional(),
  /** Where other machines reach it, over TLS. */
  remoteUrls: z.array(z.string()).optional(),
}));
export type BrokerFile = z.infer<typeof BrokerFile>;

/** How a program reads its own standpoint; the functions throw what they cannot read. */
export interface StandpointReader {
  hostname(): string;
  readFile(path: string): string;
  readLink(path: string): string;
}

/** The standpoint of the program that reads. Never throws. */
export function standpointOf(read: StandpointReader): Standpoint {
  const boot = orNothing(() => read.readFile("/proc/sys/kernel/random/boot_id").trim());
  const network = orNothing(() => read.readLink("/proc/self/ns/net"));
  const processes = orNothing(() => read.readLink("/proc/self/ns/pid"));
  return {
    hostname: orNothing(() => read.hostname()) ?? "localhost",
    ...(boot !== undefined && { boot }),
    ...(network !== undefined && { network }),
    ...(processes !== undefined && { processes }),
  };
}

/** Whether two programs have one loopback; undefined when it cannot be told. */
export function shareLoopback(a: Standpoint, b: Standpoint): boolean | undefined {
  return share(a, b, "network");
}

/** Whether a process id of one means the same process to the other; undefined when it cannot be told. */
export function shareProcesses(a: Standpoint, b: Standpoint): boolean | undefined {
  return share(a, b, "processes");
}

function share(a: Standpoint, b: Standpoint, what: "network" | "processes"): boolean | undefined {
  if (a.boot !== b.boot) return false;
  if (a.boot === undefined) return a.hostname === b.hostname ? undefined : false;
  return a[what] === undefined || b[what] === undefined ? undefined : a[what] === b[what];
}

function orNothing(read: () => string): string | undefined {
  try {
    return read() || undefined;
  } catch {
    return undefined;
  }
}
