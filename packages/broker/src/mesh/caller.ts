/** Who is calling: one agent, the owner of the mesh key or the page that this one signed in at, or a machine for its agents. */
import { type AgentId, fitsPattern, type SignInId } from "@agentmesh/protocol";
import { MeshError } from "./errors.ts";
import type { AgentRecord, By, CallingMachine, KnownAgent, Viewer } from "./store.ts";

/** A caller that holds an agent's token. */
export interface AgentCaller {
  readonly kind: "agent";
  readonly agent: KnownAgent;
}

/** One of which all is known that is known of an agent. */
export interface WholeCaller extends AgentCaller {
  readonly agent: AgentRecord;
}

/** A browser that is signed in at the page. */
export interface PageSignIn {
  readonly id: SignInId;
  /** It may look, and nothing else. */
  readonly readOnly: boolean;
  /** The person's agent as which it writes. */
  readonly as: AgentId | undefined;
  readonly until: number;
  /** What its calls have to show beside the cookie. */
  readonly value: string;
  /** Aborted when it ends. */
  readonly over: AbortSignal;
  /** Something is open by it, until the returned function is called: so long it is in use. */
  opened(): () => void;
}

/** A caller that holds the mesh key, or the operator at the page. */
export interface KeyCaller {
  readonly kind: "key";
  readonly page?: PageSignIn;
}

/** The operator at the page. */
export type PageCaller = KeyCaller & { readonly page: PageSignIn };

/** A caller that holds a machine credential: whatever it asks for is about agents of its machine. */
export interface MachineCaller {
  readonly kind: "machine";
  readonly machine: CallingMachine;
}

/** An agent or the owner of the mesh key: who may look at what is not an agent's own, within what it may see. */
export type Caller = AgentCaller | KeyCaller;

/** Whoever calls with a token. */
export type AnyCaller = Caller | MachineCaller;

/** What is asked for is an agent's of this machine. */
type Owned = Pick<AgentRecord, "id" | "name"> & Partial<Pick<AgentRecord, "machine">>;

/**
 * The agent whose things a caller asks for: its own, with a machine credential those of the machine, with the mesh key
 * anyone's. @throws MeshError forbidden
 */
export function mayActFor(caller: AnyCaller, agent: Owned): void {
  if (caller.kind === "key") return;
  if (caller.kind === "machine") {
    if (caller.machine.id === agent.machine?.id) return;
    throw new MeshError(
      "forbidden",
      `${agent.name} is no agent of ${caller.machine.host}: a machine credential acts for the agents of its machine only. Use that agent's token, or the mesh key where the broker runs.`,
    );
  }
  if (caller.agent.id === agent.id) return;
  throw new MeshError(
    "forbidden",
    `The token of ${caller.agent.name} does not open what belongs to ${agent.name}. Use that agent's token or the mesh key.`,
  );
}

/** A machine's agents have names as its invite says. @throws MeshError forbidden */
export function mayName(caller: AnyCaller, name: string): void {
  if (caller.kind !== "machine") return;
  const { host, names } = caller.machine;
  if (names === undefined || fitsPattern(name, names)) return;
  throw new MeshError("forbidden", `Agents of ${host} have names like ${names}, as its invite says: ${name} is none.`);
}

/** Under which name a caller's share of anything is counted. */
export function laneOfCaller(caller: AnyCaller | undefined): string {
  if (caller === undefined) return "";
  if (caller.kind === "key") return caller.page?.id ?? "key";
  return caller.kind === "agent" ? caller.agent.id : caller.machine.id;
}

/** Who it is, as the audit log has it. */
export function byOf(caller: AnyCaller): By {
  if (caller.kind === "key") return caller.page ? { kind: "page", id: caller.page.id } : { kind: "key" };
  return caller.kind === "agent"
    ? { kind: "agent", id: caller.agent.id, name: caller.agent.name }
    : { kind: "machine", id: caller.machine.id, name: caller.machine.host };
}

/** Whose messages a caller may see: its own, or with the mesh key everybody's. */
export function viewerOf(caller: Caller): Viewer {
  return caller.kind === "agent" ? caller.agent.id : undefined;
}
