/** Intake: what makes the mesh hold more is refused while the disk is low, so that acks and reads never come to be. */
import type { Clock } from "../clock.ts";
import { MeshError } from "../errors.ts";

/** How much room the store has. */
export interface DiskRoom {
  /** Bytes that are free, with those of the ballast; undefined when the system does not say. */
  readonly freeBytes: number | undefined;
  /** Bytes that must be free for the intake to be open. */
  readonly minFreeBytes: number;
  /** Bytes kept for acks on a full disk. */
  readonly ballastBytes: number;
  /** Whether the disk was full and the ballast, spent on acks, is not whole again. */
  readonly spent: boolean;
}

/** The disk under the store. A look is cheap enough for every request. */
export interface Disk {
  look(): DiskRoom;
}

/** How soon a refused sender may try again, in milliseconds: nobody frees a disk within seconds. */
const RETRY_AFTER_MS = 15_000;

/** Open or closed, by the room on the disk; acks, leases, reads, heartbeats and care do not ask it. */
export class Intake {
  readonly #disk: Disk;
  readonly #clock: Clock;
  #closedSince: number | undefined;

  constructor(disk: Disk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  get room(): DiskRoom {
    return this.#disk.look();
  }

  /** Why nothing is accepted now, and what can be done; undefined while the intake is open. */
  get closedWhy(): string | undefined {
    return this.closed?.why;
  }

  /** The same, and since when it was found closed, by whoever asked first. */
  get closed(): { readonly why: string; readonly since: number } | undefined {
    const why = this.#whyNow();
    this.#closedSince = why === undefined ? undefined : (this.#closedSince ?? this.#clock.now());
    return why === undefined || this.#closedSince === undefined ? undefined : { why, since: this.#closedSince };
  }

  #whyNow(): string | undefined {
    const { freeBytes, minFreeBytes, spent } = this.room;
    if (freeBytes !== undefined && freeBytes < minFreeBytes) {
      return `The broker's disk has ${sizeText(freeBytes)} left; the last ${sizeText(minFreeBytes)} are kept for acks and reads. Free space on the disk of its state folder, or set minFreeDiskBytes lower.`;
    }
    return spent
      ? "The broker's disk was full, and its reserve for acks is not whole again. Free space on the disk of its state folder."
      : undefined;
  }

  /** Refuses to make the mesh hold more. @throws MeshError storage_full */
  check(): void {
    const why = this.closedWhy;
    if (why === undefined) return;
    throw new MeshError("storage_full", `${why} Nothing was stored; it goes on by itself when there is room.`, {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
}

/** A size as people read it, rounded down: what is less than a threshold must not read as much as it. */
export function sizeText(bytes: number): string {
  const [unit, divisor] = bytes < 10_737_418_240 ? ["MiB", 1_048_576] : ["GiB", 1_073_741_824];
  return `${(Math.floor((bytes * 10) / divisor) / 10).toLocaleString("en")} ${unit}`;
}
