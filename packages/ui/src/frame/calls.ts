/** Calls to the broker that serves the page: with the browser's cookie and the value that the sign-in was answered. */
import { askAs, Refusal } from "../stream/ask.ts";

/** Where the value is kept: another origin, and so another port, has another one. */
const KEPT = "agentmesh-page";

/** What shows that a call comes from this page. */
export function pageValue(): string {
  return localStorage.getItem(KEPT) ?? "";
}

/** Keeps the value until the browser is signed out; an empty one forgets it. */
export function keepPageValue(value: string): void {
  if (value === "") localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, value);
}

/** Called when the broker says that this browser is not signed in, or not any more. */
export const signedOut: { told: () => void } = { told: () => {} };

/** The answer, whose body is not read yet. @throws Refusal, and TypeError where no broker answers */
async function ask(path: string, given: { method?: string; body?: unknown; signal?: AbortSignal }): Promise<Response> {
  try {
    return await askAs(path, { ...given, value: pageValue() });
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) signedOut.told();
    throw error;
  }
}

/** A look that takes longer is given up. */
const LOOK_MS = 30_000;

/** Looks at something. @throws as {@link ask}, and when no answer comes in time */
export async function look<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return (await ask(search === "" ? path : `${path}?${search}`, { signal: AbortSignal.timeout(LOOK_MS) })).json();
}

/** Does something. */
export async function act<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
  return (await ask(path, { method, ...(body !== undefined && { body }) })).json();
}
