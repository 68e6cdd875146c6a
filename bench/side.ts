/** What stands side by side in a run: two builds of ours, and what people would use instead. */
import type { Bus } from "./bus.ts";
import { LASTING_SESSIONS, startBroker } from "./ours/broker.ts";
import type { Build } from "./ours/build.ts";
import { busOf } from "./ours/bus.ts";
import { startBare } from "./peers/bare.ts";
import { startJetStream } from "./peers/jetstream.ts";
import { whyNoProgram } from "./peers/program.ts";
import { startRedis } from "./peers/redis.ts";
import { SIDE_TITLES } from "./side-titles.ts";

/** Ours, another build of ours, the same wire without a store, and two stores that carry messages. */
export type SideName = "ours" | "against" | "bare" | "redis" | "jetstream";

/** One of them. */
export interface Side {
  readonly name: SideName;
  /** Only of ours. */
  readonly build?: Build;
  /** Which commit or version it is. */
  readonly version: string;
  /** Starts a server of it. */
  bus(): Promise<Bus>;
}

/** A build as a side. */
export function buildSide(name: "ours" | "against", build: Build): Side {
  return {
    name,
    build,
    version: build.commit,
    async bus() {
      const broker = await startBroker(build, { env: LASTING_SESSIONS });
      return { ...busOf(broker), [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
    },
  };
}

/** The same wire without a store. */
export const bareSide: Side = { name: "bare", version: process.version, bus: startBare };

/** The peers that are installed, and of the others why they are not there. */
export function peerSides(): { readonly sides: Side[]; readonly missing: string[] } {
  const peers = [
    { name: "redis", program: "redis-server", bus: startRedis },
    { name: "jetstream", program: "nats-server", bus: startJetStream },
  ] as const;
  const sides: Side[] = [];
  const missing: string[] = [];
  for (const { name, program, bus } of peers) {
    const found = whyNoProgram(program);
    if ("why" in found) missing.push(`${SIDE_TITLES[name]} is left out: ${found.why}`);
    else sides.push({ name, version: found.version, bus });
  }
  return { sides, missing };
}
