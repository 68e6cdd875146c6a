/** The disk under the database: how much is free, looked at once a second, and the ballast on it. */
import fs, { statfsSync } from "node:fs";
import { join } from "node:path";
import { hasNoRoom } from "@agentmesh/protocol";
import type { Disk, DiskRoom } from "../../../mesh/acceptance/intake.ts";
import type { Notice } from "../context.ts";
import type { Driver } from "../driver/database.ts";
import { Ballast } from "./ballast.ts";
import { BrokerLock } from "./lock.ts";

/** What is kept free, and where. */
export interface DiskOptions {
  readonly folder: string;
  readonly minFreeBytes: number;
  readonly ballastBytes: number;
  readonly notice: Notice;
}

const LOOK_EVERY_MS = 1_000;
/** How long to wait after the disk did not take the ballast. */
const MAKE_AGAIN_MS = 2_000;
/** What a start needs: what is checkpointed from the log, locks, marks, the announcement. */
const START_BYTES = 8_388_608;

/** Gives up what a start lacks. */
function makeRoomToStart(folder: string, ballast: Ballast): void {
  const missing = START_BYTES - freeOn(folder);
  if (missing > 0) ballast.giveUp(missing);
}

/**
 * Takes the lock of a state folder, or returns undefined when another broker has it. On a full disk that alone needs a
 * part of the ballast.
 */
export function takeBrokerLock(driver: Driver, folder: string): BrokerLock | undefined {
  const path = join(folder, "broker.lock");
  try {
    return BrokerLock.tryTake(driver, path);
  } catch (error) {
    if (!isFullDisk(error, folder)) throw error;
    makeRoomToStart(folder, new Ballast(join(folder, "ballast"), Number.POSITIVE_INFINITY));
    return BrokerLock.tryTake(driver, path);
  }
}

/** What the smallest file of a broker needs beside its content; with less free a file cannot be made or grow. */
const HARDLY_ANY_BYTES = 262_144;

/** Whether a failure says that the disk of a folder is full. SQLite calls that a failed device, or a file it cannot open, too. */
export function isFullDisk(error: unknown, folder: string): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code === "EDQUOT") return true;
  return /^SQLITE_(IOERR|CANTOPEN)/.test(code) && hasNoRoom(folder, HARDLY_ANY_BYTES, fs);
}

/** Looks at the disk of a state folder. Only the broker that holds the folder's lock may make one. */
export class DiskUnder implements Disk {
  readonly #options: DiskOptions;
  readonly #ballast: Ballast;
  #seen: DiskRoom | undefined;
  #seenAt = 0;
  #low = false;
  #makeAt = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#ballast = new Ballast(join(options.folder, "ballast"), options.ballastBytes);
    makeRoomToStart(options.folder, this.#ballast);
  }

  look(): DiskRoom {
    const now = performance.now();
    if (this.#seen !== undefined && now - this.#seenAt < LOOK_EVERY_MS) return this.#seen;
    const { folder, minFreeBytes } = this.#options;
    const free = freeOn(folder);
    const ballastBytes = this.#ballast.bytes;
    this.#seen = {
      freeBytes: Number.isFinite(free) ? free + ballastBytes : undefined,
      minFreeBytes,
      ballastBytes,
      spent: this.#ballast.spent,
    };
    this.#seenAt = now;
    this.#tell(this.#seen);
    return this.#seen;
  }

  /** The disk did not take a write, `tries` times before: gives up a part of the ballast. False when there is none left to give. */
  full(tries: number): boolean {
    const released = this.#ballast.release(tries);
    this.#seen = undefined;
    if (released && !this.#low) {
      this.#low = true;
      this.#options.notice("error", "disk.full", { ballastBytes: this.#ballast.bytes });
    }
    return released;
  }

  /** Looks again and again, and makes the ballast when there is room for it. The returned function ends that. */
  watch(): () => Promise<void> {
    let making: Promise<void> = Promise.resolve();
    const look = () => {
      const { freeBytes = Number.POSITIVE_INFINITY, minFreeBytes, ballastBytes } = this.look();
      const missing = this.#ballast.missingBytes;
      const hasRoom = freeBytes >= minFreeBytes && freeBytes - ballastBytes >= missing + START_BYTES;
      if (missing === 0 || !hasRoom || performance.now() < this.#makeAt) return;
      this.#makeAt = performance.now() + MAKE_AGAIN_MS;
      making = this.#ballast.make().catch(() => undefined);
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      return making;
    };
  }

  #tell({ freeBytes, minFreeBytes, spent }: DiskRoom): void {
    const low = spent || (freeBytes !== undefined && freeBytes < minFreeBytes);
    if (low === this.#low) return;
    this.#low = low;
    this.#options.notice(low ? "error" : "info", low ? "disk.low" : "disk.enough", { freeBytes, minFreeBytes });
  }
}

/** Bytes that this user may still write on the disk of a folder; infinite where the system does not say. */
export function freeOn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
