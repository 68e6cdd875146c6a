/** Faults of brokers that share a database: killed, stopped for a while, stopped until their seat has ended. */
import { type Fault, sleep } from "../fault.ts";
import { startedAgain } from "../processes.ts";
import { type Load, loadAt, type UnderLoad } from "../under-load.ts";
import { openPostgresMesh, type PostgresMesh, whyNoPostgresMesh } from "./mesh.ts";

/** Where a fault is done. */
export type MeshSite<Mesh = PostgresMesh> = { readonly mesh: Mesh } & Load;

/** How a fault of a mesh is done. */
type MeshFault<Mesh> = UnderLoad<{ readonly mesh: Mesh }>;

/** Longer than a broker's seat lasts without being renewed (10 s), and the others need to see it. */
const SEAT_OVER_MS = 11_500;

/** Fewer than one broker has: all their acts are committed one after the other, and how long each takes is a subject. */
const WORKLOAD = { senders: 12, receivers: 8 };

/** A fault of a fresh mesh of three brokers in each turn; it needs a Postgres. */
export function meshFault(name: string, options: MeshFault<PostgresMesh>): Fault {
  return meshFaultBy((env) => openPostgresMesh(env), name, options);
}

/** The same of a mesh that is opened in another way. */
export function meshFaultBy<Mesh extends PostgresMesh>(
  open: (env?: Record<string, string>) => Promise<Mesh>,
  name: string,
  options: MeshFault<Mesh>,
): Fault {
  return {
    name,
    missing: whyNoPostgresMesh,
    async run(turn) {
      await using mesh = await open(options.env);
      return await loadAt({ mesh }, mesh, turn, { ...options, workload: { ...WORKLOAD, ...options.workload } });
    },
  };
}

/**
 * How long all is well before the next fault. Every other time it has hardly begun to be: what is done then meets connections, seats
 * and streams that are being made.
 */
export function lifeMs(random: () => number, round: number): number {
  return round % 2 === 0 ? 1_000 + random() * 3_000 : 30 + random() * 370;
}

/** The number of one of the brokers. */
export function anyOf({ brokers }: PostgresMesh, random: () => number): number {
  return Math.floor(random() * brokers.length);
}

/** kill -9 of one broker, at times of two or of all; each is started again. */
export async function kill({ mesh, workload, random, expectations }: MeshSite, round: number): Promise<void> {
  await sleep(lifeMs(random, round));
  const first = anyOf(mesh, random);
  const count = round % 5 === 4 ? mesh.brokers.length : round % 5 === 2 ? 2 : 1;
  const hit = mesh.brokers.map((_, n) => mesh.brokers[(first + n) % mesh.brokers.length]).slice(0, count);
  const kind = count === mesh.brokers.length ? "kill" : "kill of some";
  await workload.during(kind, () => Promise.all(hit.map((broker) => broker?.kill("SIGKILL"))));
  for (const broker of hit) if (broker) await startedAgain(broker, expectations);
}

/** SIGSTOP of one broker for so long. */
export async function stop({ mesh, workload, random }: MeshSite, ms: number): Promise<void> {
  const pid = mesh.brokers[anyOf(mesh, random)]?.pid ?? 0;
  await workload.during("stop", async () => {
    process.kill(pid, "SIGSTOP");
    try {
      await sleep(ms);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });
}

/** How long a broker is stopped whose seat outlasts it. */
export function stopMs(random: () => number, round: number): number {
  return round % 5 === 4 ? 1_000 + random() * 3_000 : 30 + random() * 470;
}

/** Stops a broker until the others take it for gone, and lets it go on in the belief that nothing was. */
export function outlastSeat(site: MeshSite): Promise<void> {
  return stop(site, SEAT_OVER_MS + site.random() * 2_000);
}

/** kill -9 of one broker of three, of two, of all. */
export const brokersKilled = meshFault("kill", { act: kill, rounds: 40, maxGapMs: 10_000, maxSendMs: 15_000 });

/** SIGSTOP of one for up to half a second, every fifth time for up to four seconds. */
export const brokersPaused = meshFault("pause", {
  act: async (site, round) => {
    await sleep(lifeMs(site.random, round));
    await stop(site, stopMs(site.random, round));
  },
  rounds: 30,
  maxGapMs: 10_000,
  maxSendMs: 15_000,
});

/** A broker that believes it lives. */
export const seatsOver = meshFault("seat", {
  act: async (site, round) => {
    await sleep(lifeMs(site.random, round));
    await outlastSeat(site);
  },
  rounds: 6,
  maxGapMs: 10_000,
  maxSendMs: 20_000,
});
