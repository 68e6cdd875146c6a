/** Machines: they join by an invite, once, and are put out for good. */
import {
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  type Invite,
  type InviteId,
  type JoinedMachine,
  type JoinReply,
  MAX_INVITES,
  MAX_MACHINES,
} from "@agentmesh/protocol";
import type { Intake } from "../acceptance/intake.ts";
import { type AgentCaller, type AnyCaller, byOf, type KeyCaller, type MachineCaller } from "../caller.ts";
import { timestamp } from "../clock.ts";
import { MeshError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { By, CallingMachine, InviteOver, InviteRecord, MachineRecord, Store } from "../store.ts";
import type { Audit } from "./audit.ts";
import { hashOf } from "./token-hash.ts";

type Table = typeof endpoints;

/** A call of a machine is noted when the last one is older than this, in milliseconds. */
const NOTED_WITHIN_MS = 60_000;

const OVER: Record<InviteOver, string> = {
  used: "was used",
  expired: "was past its time",
  taken_back: "was taken back",
};

/** The verbs on them. */
export class Machines {
  readonly #store: Store;
  readonly #audit: Audit;
  readonly #intake: Intake;
  /** When a call of a machine was noted last. */
  readonly #noted = new Map<string, number>();

  constructor(parts: { store: Store; audit: Audit; intake: Intake }) {
    this.#store = parts.store;
    this.#audit = parts.audit;
    this.#intake = parts.intake;
  }

  /** Makes an invite. @throws MeshError quota_full, invite_over, storage_full */
  async invite(caller: AnyCaller, request: EndpointRequest<Table["invite"]>["body"]): Promise<Invite> {
    this.#intake.check();
    const { secret, kind, names, forMs } = request;
    const made = await this.#store.makeInvite(
      { id: newId("inv"), secretHash: hashOf(secret), kind, names, forMs, most: MAX_INVITES },
      byOf(caller),
    );
    if (made === "full") {
      throw new MeshError(
        "quota_full",
        `${MAX_INVITES} invites wait to be used, which is the most. Take some back, or wait until they are past their time.`,
      );
    }
    if (typeof made === "string") {
      throw new MeshError("invite_over", `The invite of this secret ${OVER[made]}. Make one with a new secret.`);
    }
    return shownInvite(made);
  }

  /** Invites that can be used, the newest first. */
  async listInvites(): Promise<EndpointReply<Table["listInvites"]>> {
    return { invites: (await this.#store.listInvites(MAX_INVITES)).map(shownInvite) };
  }

  /** Takes one back. */
  async takeBack(caller: AnyCaller, id: InviteId): Promise<EndpointReply<Table["takeBackInvite"]>> {
    return { takenBack: await this.#store.takeBackInvite(id, byOf(caller)) };
  }

  /**
   * Joins; undefined for a secret that no invite has. Without one nothing is written.
   * @throws MeshError invite_over, quota_full, storage_full
   */
  async join(
    { secret, token, host, version }: EndpointRequest<Table["joinMesh"]>["body"],
    address: string | undefined,
  ): Promise<JoinReply | undefined> {
    const secretHash = hashOf(secret);
    const by: By = { kind: "nobody", name: host, ...(address !== undefined && { address }) };
    if (!(await this.#store.knowsInvite(secretHash))) {
      this.#audit.refused("join_refused", by, "no invite has this secret");
      return undefined;
    }
    this.#intake.check();
    const id = newId("mch");
    const tokenHash = hashOf(token);
    const verdict = await this.#store.joinMachine({
      ...{ id, secretHash, tokenHash, host, version, address, most: MAX_MACHINES },
    });
    if (verdict.kind === "joined") return { machine: shownMachine(verdict.machine) };
    if (verdict.kind === "unknown") return undefined;
    if (verdict.kind === "full") {
      this.#audit.refused("join_refused", by, "too many machines");
      throw new MeshError(
        "quota_full",
        `${MAX_MACHINES} machines are in the mesh, which is the most. Put one out where the broker runs: agentmesh revoke MACHINE`,
      );
    }
    this.#audit.refused("join_refused", by, `the invite ${OVER[verdict.why]}`);
    throw new MeshError(
      "invite_over",
      `The invite ${OVER[verdict.why]} at ${timestamp(verdict.at)}. Nothing was stored. Ask for a new one: agentmesh invite, where the broker runs.`,
    );
  }

  /** The machine of a credential. A call with it is a sign of life, noted once a minute with where it came from. */
  async byToken(token: string, address: string | undefined): Promise<CallingMachine | undefined> {
    const machine = await this.#store.machineByToken(hashOf(token));
    if (!machine) return undefined;
    const now = performance.now();
    const noted = this.#noted.get(machine.id);
    if (noted === undefined || now - noted >= NOTED_WITHIN_MS) {
      this.#noted.set(machine.id, now);
      // What is left of a low disk is for acks.
      if (this.#intake.closedWhy === undefined) await this.#store.noteMachine(machine.id, address).catch(() => {});
    }
    return machine;
  }

  /** The error for a token that is void for good; undefined for one that nobody ever had. */
  async whyVoid(token: string): Promise<MeshError | undefined> {
    const gone = await this.#store.voidToken(hashOf(token));
    return (
      gone &&
      new MeshError(
        "token_revoked",
        `The token is that of ${gone.name}, which was put out of the mesh at ${timestamp(gone.at)}, for good. A machine joins again by a new invite: agentmesh invite, where the broker runs. An agent registers with a new token.`,
      )
    );
  }

  /** SHA-256, in hex, of the tokens that a machine may show now: with it the broker proves to that machine that it is its broker. */
  tokenHashes(id: string): Promise<readonly string[]> {
    return this.#store.machineHashes(id);
  }

  /** Those that joined, the newest first. */
  async list({
    which,
    limit,
  }: EndpointRequest<Table["listMachines"]>["query"]): Promise<EndpointReply<Table["listMachines"]>> {
    return { machines: (await this.#store.listMachines(which === "all", limit)).map(shownMachine) };
  }

  /** Puts a machine out; one with its own credential leaves. @throws MeshError machine_not_found, invalid_request, forbidden */
  async revoke(caller: KeyCaller | MachineCaller, idOrHost: string): Promise<EndpointReply<Table["revokeMachine"]>> {
    const isMe = caller.kind === "machine" && (idOrHost === "me" || idOrHost === caller.machine.id);
    if (caller.kind === "machine" && !isMe) {
      throw new MeshError(
        "forbidden",
        `The credential of ${caller.machine.host} puts out its own machine only: me. Others are put out with the mesh key, where the broker runs.`,
      );
    }
    const machine = await this.#one(isMe ? caller.machine.id : idOrHost);
    const agents = await this.#store.revokeMachine(machine.id, isMe ? "left" : "revoked", byOf(caller));
    this.#noted.delete(machine.id);
    return { machine: shownMachine(await this.#one(machine.id)), agents };
  }

  /** Exchanges the token of the call for a new one of its kind. @throws MeshError invalid_request, token_revoked */
  async rotate(
    caller: AgentCaller | MachineCaller,
    { token, overlapMs }: EndpointRequest<Table["rotateToken"]>["body"],
  ): Promise<EndpointReply<Table["rotateToken"]>> {
    const isMachine = caller.kind === "machine";
    if (isMachine !== token.startsWith("amm_")) {
      throw new MeshError(
        "invalid_request",
        `The new token is to be of the kind of this call's: ${isMachine ? "amm_" : "am_"} and 43 to 86 base64url characters.`,
      );
    }
    const id = isMachine ? caller.machine.id : caller.agent.id;
    const rotated = await this.#store.rotateToken(id, hashOf(token), overlapMs, byOf(caller));
    if (rotated === "taken") {
      throw new MeshError("invalid_request", "The new token was used before. Make one of new random bytes.");
    }
    return rotated === undefined ? {} : { formerUntil: timestamp(rotated) };
  }

  async #one(idOrHost: string): Promise<MachineRecord> {
    const [found, ...others] = await this.#store.findMachines(idOrHost);
    if (!found) {
      throw new MeshError(
        "machine_not_found",
        `No machine in the mesh is called ${JSON.stringify(idOrHost)}. See who joined: agentmesh machines`,
      );
    }
    if (others.length === 0) return found;
    const ids = [found, ...others].map(({ id }) => id).join(", ");
    throw new MeshError("invalid_request", `Several machines are called ${idOrHost}: ${ids}. Name the id of one.`);
  }
}

function shownInvite({ id, kind, names, madeAt, expiresAt }: InviteRecord): Invite {
  const times = { madeAt: timestamp(madeAt), expiresAt: timestamp(expiresAt) };
  return { id, kind, ...(names !== undefined && { names }), ...times };
}

function shownMachine(machine: MachineRecord): JoinedMachine {
  const { id, host, kind, names, agents, online, version, address, lastSeenAt, revokedAt } = machine;
  return {
    ...{ id, host, kind, agents, online, joinedAt: timestamp(machine.joinedAt) },
    tokenMadeAt: timestamp(machine.tokenMadeAt),
    ...(names !== undefined && { names }),
    ...(version !== undefined && { version }),
    ...(address !== undefined && { address }),
    ...(lastSeenAt !== undefined && { lastSeenAt: timestamp(lastSeenAt) }),
    ...(revokedAt !== undefined && { revokedAt: timestamp(revokedAt) }),
  };
}
