/** The Store's verbs on who may come in: machines, invites, void tokens, the audit log. */
import { AgentId } from "@agentmesh/protocol";
import type { AccessStore } from "../../../mesh/store/access.ts";
import { inviteRecord } from "../../shared/access/invites.ts";
import { joinMachine, leaveRevoked, revokeMachine } from "../acts/machines.ts";
import { removeAgent } from "../acts/remove-agent.ts";
import { laneOf, ROWS, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function accessVerbs({ engine, context, peek, read, write, writeSliced }: VerbParts): AccessStore {
  const { audit, due, invites, life, machines, shortIds, tokens } = engine;
  return {
    makeInvite: (invite, by) =>
      write(laneOf.key, () => {
        const known = invites.bySecret(invite.secretHash);
        if (known) return invites.over(known)?.why ?? inviteRecord(known);
        if (invites.countOpen() >= invite.most) return "full";
        invites.insert(invite);
        audit.note({ act: "invite_made", by, about: { id: invite.id }, why: invite.kind });
        const made = invites.bySecret(invite.secretHash);
        if (!made) throw new Error(`invite ${invite.id} vanished while it was made`);
        return inviteRecord(made);
      }),
    listInvites: (limit) => read(() => invites.open(limit)),
    takeBackInvite: (id, by) =>
      write(laneOf.key, () => {
        const isTakenBack = invites.takeBack(id);
        if (isTakenBack) audit.note({ act: "invite_taken_back", by, about: { id } });
        return isTakenBack;
      }),
    knowsInvite: (secretHash) => peek(() => invites.bySecret(secretHash) !== undefined),
    joinMachine: (machine) => write(laneOf.joins, () => joinMachine(engine, machine)),
    machineByToken: (tokenHash) => peek(() => machines.byToken(tokenHash)),
    machineHashes: (id) => peek(() => tokens.ofMachine(id)),
    partiesOf: (id, beginning) =>
      read(() => {
        const found = shortIds.ofMachine(id, beginning);
        if (found.length === 0) life.refuseId(beginning);
        return found;
      }),
    noteMachine: (id, address) => write(laneOf.machine(id), () => void machines.note(id, address)),
    findMachines: (idOrHost) => peek(() => machines.find(idOrHost)),
    listMachines: (all, limit) => read(() => machines.list(all, limit)),
    revokeMachine: async (id, how, by) =>
      sum(await writeSliced(laneOf.removal(id), (budget) => revokeMachine(engine, context, id, { how, by }, budget))),
    leaveRevoked: async (limit) =>
      (await peek(() => due.revoked())) ? sum(await writeSliced(laneOf.care, leaveRevoked(engine, context, limit))) : 0,
    revokeAgent: async (agentId, by, bounce) =>
      sum(
        await writeSliced(laneOf.removal(agentId), (budget) =>
          removeAgent(engine, context, agentId, { bounce, by, revoked: true }, budget),
        ),
      ),
    voidToken: (tokenHash) => peek(() => machines.voidToken(tokenHash)),
    rotateToken: (id, tokenHash, overlapMs, by) =>
      write(AgentId.safeParse(id).success ? laneOf.agent(id) : laneOf.machine(id), () => {
        const verdict = tokens.rotate(id, tokenHash, overlapMs);
        if (typeof verdict === "number") audit.note({ act: "token_rotated", by, about: by });
        return verdict;
      }),
    noteAudit: (note) => write(laneOf.care, () => void audit.note(note)),
    listAudit: (after, limit) => read(() => audit.list(after, limit)),
    pruneAccess: async (most, invitesOverMs) => {
      await writeSliced(laneOf.care, () => {
        const dropped = audit.removeBefore(most, ROWS) + invites.removeOver(invitesOverMs, ROWS);
        return { part: dropped, more: dropped >= ROWS };
      });
    },
  };
}
