/** What is noted of a mesh that was moved here, or away from here. */
import * as z from "zod";
import { MovedAway, MovedAwayError } from "../../shared/moved-away.ts";
import type { Connection } from "../driver/database.ts";

/** What can be noted: that the mesh is elsewhere, or what an engine knew that this one does not use. */
type Noted = "away" | "lives";

const Note = z.object({ value: z.string() });

/** Notes something; undefined forgets it. */
export async function note(db: Connection, what: Noted, value: string | undefined): Promise<void> {
  await db.script("CREATE TABLE IF NOT EXISTS moved (what TEXT PRIMARY KEY, value TEXT NOT NULL)");
  await db.run("DELETE FROM moved WHERE what = $1", [what]);
  if (value !== undefined) await db.run("INSERT INTO moved (what, value) VALUES ($1, $2)", [what, value]);
}

/** What is noted; undefined where nothing is. */
export async function noted(db: Connection, what: Noted): Promise<string | undefined> {
  const known = await db.get<{ there: string | null }>("SELECT to_regclass('moved')::TEXT AS there");
  if (known?.there === null || known === undefined) return undefined;
  return Note.optional().parse(await db.get("SELECT value FROM moved WHERE what = $1", [what]))?.value;
}

/** Where the mesh of a database went; undefined where it is in it. */
export async function movedFrom(db: Connection): Promise<MovedAway | undefined> {
  const value = await noted(db, "away");
  return value === undefined ? undefined : MovedAway.parse(JSON.parse(value));
}

/** Refuses a database whose mesh is elsewhere; `here` is how it is called, without a secret. @throws MovedAwayError */
export async function refuseMoved(db: Connection, here: string): Promise<void> {
  const moved = await movedFrom(db);
  if (moved) throw new MovedAwayError(here, moved);
}
