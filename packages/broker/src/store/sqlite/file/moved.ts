/** The note beside a database whose mesh was moved away. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MovedAway, MovedAwayError } from "../../shared/moved-away.ts";

/** Where it is kept. */
export function movedFile(folder: string): string {
  return join(folder, "moved.json");
}

/** What is noted of a folder; undefined where its mesh is in it. */
export function movedFrom(folder: string): MovedAway | undefined {
  let text: string;
  try {
    text = readFileSync(movedFile(folder), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return MovedAway.parse(JSON.parse(text));
}

/** Refuses a folder whose mesh is elsewhere. @throws MovedAwayError */
export function refuseMoved(folder: string): void {
  const moved = movedFrom(folder);
  if (moved) throw new MovedAwayError(`sqlite:${folder}`, moved);
}
