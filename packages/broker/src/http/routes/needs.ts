/** The route of the needs. */
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";

/** Binds it. */
export function needsRoute(bind: Bind, mesh: Mesh): void {
  bind("listNeeds", ({ query, caller, signal }) => mesh.needs.list(caller, query, signal));
}
