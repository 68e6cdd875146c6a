/** Calls of the page: who is signed in by which cookie, and which of them may do what. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Endpoint, PAGE_HEADER } from "@agentmesh/protocol";
import type { AnyCaller, PageSignIn } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { Mesh } from "../../mesh/mesh.ts";
import { addressOf } from "../address.ts";
import { cookiesOf, type PortOf } from "./cookie.ts";

/** The caller whose cookie came; undefined where none did. */
export type PageCallerOf = (
  request: IncomingMessage,
  response: ServerResponse,
  row: Endpoint,
) => Promise<AnyCaller | undefined>;

/** Tells the page's callers. The cookie alone opens nothing: other programs of this machine may be given it by the browser. */
export function pageCalls(
  { signIns, agents, audit }: Pick<Mesh, "signIns" | "agents" | "audit">,
  portOf: PortOf,
): PageCallerOf {
  return async (request, response, row) => {
    const cookies = cookiesOf(request, portOf);
    if (cookies.length === 0) return undefined;
    const signIn = cookies.map((each) => signIns.byCookie(each)).find((each) => each && shows(request, each));
    if (!signIn) {
      const address = addressOf(request.socket);
      const by = { kind: "nobody" as const, ...(address !== undefined && { address }) };
      audit.refused("page_refused", by, "a cookie of nobody, or without the page's value");
      throw new MeshError(
        "unauthenticated",
        "This browser is not signed in at the page, or not any more. Open the page anew: agentmesh ui",
      );
    }
    mayCall(request, row, signIn);
    // What is open by it ends with it; a sign-out is answered.
    if (row.access !== "page") holdOpen(response, signIn);
    if (row.access !== "agent") return { kind: "key", page: signIn };
    const agent = signIn.as === undefined ? undefined : await agents.person(signIn.as);
    if (agent) return { kind: "agent", agent };
    throw new MeshError(
      "forbidden",
      "Nobody writes at this page: it was opened without an agent of yours, or that one has left the mesh. Open it anew: agentmesh ui",
    );
  };
}

/** Whether a call shows what only a page of this origin was told. */
function shows(request: IncomingMessage, { value }: PageSignIn): boolean {
  const shown = Buffer.from(String(request.headers[PAGE_HEADER] ?? ""));
  const expected = Buffer.from(value);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

/** @throws MeshError forbidden, forbidden_origin */
function mayCall(request: IncomingMessage, row: Endpoint, { readOnly }: PageSignIn): void {
  if (!row.page) {
    throw new MeshError(
      "forbidden",
      "The page does not open this: it is done at the command line, with the mesh key. See: agentmesh --help",
    );
  }
  if (row.method === "GET") return;
  if (request.headers.origin === undefined) {
    throw new MeshError("forbidden_origin", "Changes at the page come from a browser, which says its origin.");
  }
  if (readOnly && row.access !== "page") {
    throw new MeshError(
      "forbidden",
      "This link only looks. Nothing was done. Who may change something opens the page by: agentmesh ui",
    );
  }
}

function holdOpen(response: ServerResponse, { over, opened }: PageSignIn): void {
  const close = opened();
  const end = () => response.destroy();
  over.addEventListener("abort", end);
  response.once("close", () => {
    over.removeEventListener("abort", end);
    close();
  });
}
