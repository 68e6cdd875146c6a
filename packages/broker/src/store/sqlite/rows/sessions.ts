/** Rows of sessions as SQLite returns them, and the sessions in memory. */
import { type SessionRow, sessionOf } from "../../shared/rows/sessions.ts";
import type { SessionInMemory } from "../memory/sessions.ts";

/** A session as it was written, by so much younger. */
export function rememberedSession(row: SessionRow, younger: number): SessionInMemory {
  const session = sessionOf(row);
  return { ...session, sign: 0, seenAt: session.seenAt + younger, pushPaths: [...session.pushPaths] };
}

/** What is written of a session, in the order of the columns that are. */
export function columnsOf(session: SessionInMemory) {
  const { id, seenAt, beatAt, heard, silent, doubt, pushPaths, provenAt } = session;
  const paths = JSON.stringify(pushPaths);
  return [id, seenAt, beatAt, heard, silent ? 1 : 0, doubt?.at, doubt?.why, paths, provenAt].map(
    (each) => each ?? null,
  );
}
