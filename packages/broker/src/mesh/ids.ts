/** New identifiers: time-ordered, so that indexes grow at their end. */
import { v7 } from "uuid";

/** A new id behind its prefix (UUIDv7, RFC 9562). */
export function newId<P extends string>(prefix: P): `${P}_${string}` {
  return `${prefix}_${v7().replaceAll("-", "")}`;
}
