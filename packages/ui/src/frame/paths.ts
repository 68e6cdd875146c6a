/** The page's addresses: each view, each agent, message and conversation has one that can be sent to somebody. */

/** The views, in the order of the menu. */
export const views = ["needs", "agents", "flow", "conversations", "log", "health"] as const;
export type View = (typeof views)[number] | "message";

/** What an address shows. */
export interface Address {
  readonly view: View;
  /** The agent, the message, the thread, `topic/NAME`, or `with/NAME` for an agent's threads; undefined for the view's list. */
  readonly of?: string;
  /** What is searched for. */
  readonly query?: string;
}

const BASE = "/ui";

/** What a path and its query show; the start page for what is no address. */
export function addressOf(path: string, search = ""): Address {
  const [view = "", ...rest] = path
    .replace(/^\/ui\/?/, "")
    .split("/")
    .map(decoded);
  const query = new URLSearchParams(search).get("q") ?? "";
  const of = rest.filter((part) => part !== "").join("/");
  const known = view === "message" || (views as readonly string[]).includes(view);
  if (!known || (view === "message" && of === "")) return { view: "needs" };
  return { view: view as View, ...(of !== "" && { of }), ...(query !== "" && { query }) };
}

/** The path that shows something. */
export function pathOf({ view, of, query }: Address): string {
  const tail = of === undefined ? "" : `/${of.split("/").map(encodeURIComponent).join("/")}`;
  return `${BASE}/${view}${tail}${query ? `?q=${encodeURIComponent(query)}` : ""}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
