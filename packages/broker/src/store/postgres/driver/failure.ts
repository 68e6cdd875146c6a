/** What a failure of the database says, and what a caller is told of it. */
import { MeshError } from "../../../mesh/errors.ts";

/** After so long it is worth another try, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** How far an act had come. */
export type Stage = "act" | "commit";

/** The database's code of a failure; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Whether two acts were in each other's way. */
export function isCrossing(error: unknown): boolean {
  return ["40001", "40P01"].includes(codeOf(error));
}

/** The same, or one made what the other found missing: done again, it finds it. */
export function isLostRace(error: unknown): boolean {
  return isCrossing(error) || codeOf(error) === "23505";
}

/** Whether it was not done since something before it in the same transaction had failed. */
export function isBehindFailure(error: unknown): boolean {
  return codeOf(error) === "25P02";
}

/** Why a database is away for now, in the driver's words; undefined for what waiting does not mend. */
export function awayWhy(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // One that has several addresses fails with one error for each, and says nothing itself.
  const [first] = error instanceof AggregateError ? error.errors : [];
  const text = error.message || (first instanceof Error ? first.message : codeOf(error));
  return isAway(codeOf(error), text) ? text : undefined;
}

/** The database refused it itself: it says so by a code of its own, and nothing is stored. */
function isRefused(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E");
}

/**
 * Why nobody heard of the database what came of an act: it is away, or whatever else broke behind a COMMIT, which may have been one.
 * Undefined where it said so itself.
 */
export function unheardWhy(error: unknown, stage: Stage): string | undefined {
  const away = awayWhy(error);
  if (away !== undefined || stage === "act" || !(error instanceof Error) || isRefused(codeOf(error))) return away;
  return error.message;
}

/** Why a connection was not made although the server is there: its code, or `28` and `TLS` for what the driver finds out itself. */
export function refusalOf(error: unknown): { readonly code: string; readonly why: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (isRefused(code)) return { code, why: error.message };
  if (/^SASL|password must be/.test(error.message)) return { code: "28", why: "it asks for a password" };
  return /SSL|TLS|certificate/i.test(`${code} ${error.message}`) ? { code: "TLS", why: error.message } : undefined;
}

/** A failure as the code that a caller can act on; what is no failure of the database, unchanged. */
export function databaseError(error: unknown, stage: Stage = "act"): unknown {
  if (error instanceof MeshError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === "53100") {
    return new MeshError(
      "storage_full",
      "The disk of the database is full; nothing was stored. Free space there; reads go on as far as they can.",
    );
  }
  const away = unheardWhy(error, stage);
  if (away !== undefined) {
    const stored =
      stage === "commit"
        ? "whether this was stored nobody knows: ask the same again, with the same idempotency key where there was one"
        : "nothing was stored: ask again in a moment";
    return new MeshError("store_unavailable", `The database cannot be reached (${away}); ${stored}.`, {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  if (isLostRace(error)) {
    return new MeshError(
      "store_unavailable",
      "Others changed the same in the database time and again; nothing was stored: ask again in a moment.",
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
  return error;
}

/** Connections that broke or were not to be had, servers that stop or start, a replica, statements that took too long. */
function isAway(code: string, text: string): boolean {
  return (
    /^(08|57P|53[23])/.test(code) ||
    ["57014", "55P03", "25006", "25P03"].includes(code) ||
    /^(E[A-Z]{3,})$/.test(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Cannot use a pool|not queryable/i.test(text)
  );
}
