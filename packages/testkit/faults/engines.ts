/** What is tried of each engine: a broker on a file, and brokers on Postgres. */
import { clockStepped } from "./clock.ts";
import { crashPoints } from "./crash-points.ts";
import { damaged } from "./damage.ts";
import { diskFull, fileLimit } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { followedTasks } from "./followed-tasks.ts";
import { malice } from "./malice.ts";
import { network } from "./network.ts";
import { outsideLock } from "./outside-lock.ts";
import { brokersKilled, brokersPaused, seatsOver } from "./postgres/brokers.ts";
import {
  databaseAway,
  databasesKilled,
  linesCut,
  linesDelayed,
  mixed as mixedOverPostgres,
} from "./postgres/database.ts";
import { killed, mixed, paused, secondBroker } from "./processes.ts";
import { properties } from "./properties.ts";
import { halfOpen, slowConsumer } from "./receivers.ts";
import { swarm } from "./swarm.ts";
import { syncError } from "./sync-error.ts";

const MOST_HISTORIES = 10_000;

/** What is asked for. */
interface Asked {
  readonly only: readonly string[] | undefined;
  readonly propertyRuns: number;
}

/** The faults of each engine, in their order. */
export const engines = {
  sqlite: ({ only, propertyRuns }: Asked): readonly Fault[] => [
    killed,
    diskFull,
    halfOpen,
    paused,
    secondBroker,
    damaged,
    mixed,
    clockStepped,
    fileLimit,
    syncError,
    crashPoints(only),
    slowConsumer,
    outsideLock,
    followedTasks,
    swarm,
    properties("sqlite", propertyRuns),
    properties("identity", Math.min(propertyRuns, MOST_HISTORIES)),
    malice(only),
    network(only),
  ],
  postgres: ({ propertyRuns }: Asked): readonly Fault[] => [
    brokersKilled,
    databasesKilled,
    linesCut,
    brokersPaused,
    mixedOverPostgres,
    linesDelayed,
    seatsOver,
    databaseAway,
    properties("postgres", propertyRuns),
  ],
};

/** Name of an engine. */
export type Engine = keyof typeof engines;
