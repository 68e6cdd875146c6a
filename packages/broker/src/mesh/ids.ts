/** New identifiers: time-ordered, so that indexes grow at their end. */
import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Random bytes are drawn many at a time: each act makes some ids and receipts, and each draw costs a call into the kernel. */
const DRAWN = 4_096;

const drawn = Buffer.alloc(DRAWN);
let used = DRAWN;

/** So many bytes, 256 at most, as unpredictable as `randomBytes` and never given twice; to be read before others are asked for. */
export function someRandomBytes(count: number): Buffer {
  if (used + count > DRAWN) {
    randomFillSync(drawn);
    used = 0;
  }
  used += count;
  return drawn.subarray(used - count, used);
}

/** The newest millisecond that an id was made in, and the number of the last one in it: of two ids the later is the greater. */
let ms = 0;
let sequence = 0;

/** A new id behind its prefix (UUIDv7, RFC 9562). */
export function newId<P extends string>(prefix: P): `${P}_${string}` {
  const random = someRandomBytes(16);
  const now = Date.now();
  if (now > ms) {
    ms = now;
    // Half of its range: it is not used up within a millisecond.
    sequence = random.readUInt32BE(0) >>> 1;
  } else sequence++;
  return `${prefix}_${v7({ msecs: ms, seq: sequence, random }).replaceAll("-", "")}`;
}
