/** Whether a disk has room at all: where it has none, programs that write there often say something else. */
import fs from "node:fs";
import { hasNoRoom } from "@agentmesh/protocol";

/** What the smallest program needs. */
const HARDLY_ANY_BYTES = 65_536;

/** Whether hardly anything can be written on the disk of a folder, or no file be made on it. */
export function isFull(folder: string): boolean {
  return hasNoRoom(folder, HARDLY_ANY_BYTES, fs);
}
