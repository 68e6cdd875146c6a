/** Token → caller. One place decides; handlers get the caller as an argument. */
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Endpoint } from "@agentmesh/protocol";
import { type AnyCaller, byOf } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { Mesh } from "../../mesh/mesh.ts";
import { addressOf } from "../address.ts";
import type { WrongTokens } from "../budgets/wrong-tokens.ts";
import { headerCount } from "../header-count.ts";
import type { PageCallerOf } from "../page/page-calls.ts";
import type { Budgets } from "./budgets.ts";

/** Decides who calls; `known` is told who it is also where that is refused. */
export type Authenticate = (
  request: IncomingMessage,
  response: ServerResponse,
  row: Endpoint,
  known: (caller: AnyCaller) => void,
) => Promise<AnyCaller>;

/** The same for what goes through the hooks of the application, which find the caller by the request. */
export type AuthenticateHooked = (
  request: IncomingMessage,
  response: ServerResponse,
  row: Endpoint,
) => Promise<AnyCaller>;

/** What it takes to tell. */
export interface AuthParts {
  readonly mesh: Pick<Mesh, "agents" | "machines" | "audit">;
  readonly meshKey: string;
  readonly budgets: Pick<Budgets, "proven">;
  readonly wrong: WrongTokens;
  readonly byPage: PageCallerOf;
}

/** Tells callers by their bearer token (RFC 6750 §2.1): the mesh key, an agent's token, or a machine's credential; without one by the page's cookie. */
export function authenticator({ mesh, meshKey, budgets, wrong, byPage }: AuthParts): Authenticate {
  const { agents, machines, audit } = mesh;
  const keyHash = sha256(meshKey);
  return async (request, response, row, known) => {
    if (holdsToken(request.url ?? "")) {
      throw new MeshError("invalid_request", "A token must not stand in a URL. Send it as: Authorization: Bearer …");
    }
    const isByToken = request.headers.authorization !== undefined;
    const caller = (isByToken ? undefined : await byPage(request, response, row)) ?? (await callerOf(request));
    known(caller);
    budgets.proven(request, caller);
    if (mayCall(row, caller)) return caller;
    if (caller.kind === "machine") audit.refused("call_refused", byOf(caller), `${row.method} ${row.path}`);
    throw new MeshError("forbidden", refusalOf(row, caller));
  };

  async function callerOf(request: IncomingMessage): Promise<AnyCaller> {
    const token = /^Bearer ([\w-]{20,200})$/.exec(request.headers.authorization ?? "")?.[1];
    if (headerCount(request, "authorization") === 1 && token !== undefined) {
      const tokenHash = sha256(token);
      if (timingSafeEqual(tokenHash, keyHash)) return { kind: "key" };
      const agent = await agents.byTokenHash(tokenHash.toString("hex"));
      if (agent) return { kind: "agent", agent };
      const machine = await machines.byToken(token, addressOf(request.socket));
      if (machine) return { kind: "machine", machine };
      const revoked = await machines.whyVoid(token);
      if (revoked) throw revoked;
    }
    const address = addressOf(request.socket);
    const by = { kind: "nobody" as const, ...(address !== undefined && { address }) };
    audit.refused("token_refused", by, token === undefined ? "no token, or not as one is sent" : "a token of nobody");
    throw wrong.refusal(address ?? "an unknown address");
  }
}

function mayCall({ access, machine }: Endpoint, caller: AnyCaller): boolean {
  if (caller.kind === "machine") return machine === true;
  if (access === "page") return caller.kind === "key" && caller.page !== undefined;
  return access === "any" || access === caller.kind;
}

function refusalOf({ access }: Endpoint, caller: AnyCaller): string {
  if (access === "page") return "This is of a browser that is signed in at the page, not of a token: agentmesh ui";
  if (caller.kind === "machine") {
    return access === "agent"
      ? "This needs an agent's token. A machine credential registers agents of its machine, it is none itself: POST /v1/agents first."
      : `The credential of ${caller.machine.host} acts for the agents of its machine, and does not open this. It is done with the mesh key, on the machine where the broker runs.`;
  }
  return access === "key"
    ? "This needs the mesh key (the file key in the state folder), not an agent's token."
    : "This needs an agent's token. The mesh key registers agents, it is none itself: POST /v1/agents first.";
}

/** Whatever its parameter is called: the form of a secret, or a name for one. Such a URL is in somebody's log by now. */
function holdsToken(url: string): boolean {
  return (
    /[?&#][^=&]*(token|key|secret|auth|bearer|password|passwd|credential)[^=&]*=/i.test(url) ||
    /\b(am|amk|amm|ami|amh|amc|amv|whsec)_[\w+/%-]{20,}/i.test(url)
  );
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
