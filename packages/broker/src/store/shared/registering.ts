/** What is decided of an agent that registers with a machine's credential, and the sentences of its refusals. */
import { fitsPattern, fittedName } from "@agentmesh/protocol";
import { MeshError } from "../../mesh/errors.ts";
import type { AgentToRegister } from "../../mesh/store.ts";

/** The error for a token that is void for good. */
export function revokedToken(name: string): MeshError {
  return new MeshError(
    "token_revoked",
    `The token of ${name} was revoked, for good. Nothing was done. Register with a new token, or join again by a new invite.`,
  );
}

/** The error for a machine that names the token of another one's agent. */
export function ofAnotherMachine(owner: string, host: string): MeshError {
  return new MeshError(
    "forbidden",
    `The token is that of ${owner}, an agent of another machine. The credential of ${host} registers agents of its own machine only. Nothing was changed.`,
  );
}

/** The error for a machine that may have one agent, and has it. */
export function oneAgentOnly(host: string): MeshError {
  return new MeshError(
    "forbidden",
    `The invite by which ${host} joined was for one agent, and that is registered. For more, join anew by an invite for a machine.`,
  );
}

/** Names by which a machine's agents are known as such, where its invite says which. */
export function namesFor({ name, otherNames }: AgentToRegister, pattern: string | undefined) {
  if (pattern === undefined) return {};
  return {
    name: fittedName(name, pattern),
    otherNames: (...holder: Parameters<NonNullable<typeof otherNames>>) =>
      (otherNames?.(...holder) ?? []).filter((each) => fitsPattern(each, pattern)),
  };
}
