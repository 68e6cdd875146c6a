/** The Store's verbs on who may come in: machines, invites, void tokens, the audit log. */
import { AgentId } from "@agentmesh/protocol";
import type { AccessStore } from "../../../mesh/store/access.ts";
import { inviteRecord } from "../../shared/access/invites.ts";
import { laneOf } from "../../shared/lanes.ts";
import { joinMachine, leaveRevoked, revokeMachine } from "../acts/machines.ts";
import { removeAgent } from "../acts/remove-agent.ts";
import { ROWS, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function accessVerbs({ read, write, writeSliced }: VerbParts): Omit<AccessStore, "partiesOf"> {
  return {
    makeInvite: (invite, by) =>
      write(laneOf.key, async ({ audit, invites }) => {
        const known = await invites.bySecret(invite.secretHash);
        if (known) return invites.over(known)?.why ?? inviteRecord(known);
        if ((await invites.countOpen()) >= invite.most) return "full";
        await invites.insert(invite);
        await audit.note({ act: "invite_made", by, about: { id: invite.id }, why: invite.kind });
        const made = await invites.bySecret(invite.secretHash);
        if (!made) throw new Error(`invite ${invite.id} vanished while it was made`);
        return inviteRecord(made);
      }),
    listInvites: (limit) => read(({ invites }) => invites.open(limit)),
    takeBackInvite: (id, by) =>
      write(laneOf.key, async ({ audit, invites }) => {
        const isTakenBack = await invites.takeBack(id);
        if (isTakenBack) await audit.note({ act: "invite_taken_back", by, about: { id } });
        return isTakenBack;
      }),
    knowsInvite: (secretHash) => read(async ({ invites }) => (await invites.bySecret(secretHash)) !== undefined),
    joinMachine: (machine) => write(laneOf.joins, (engine) => joinMachine(engine, machine)),
    machineByToken: (tokenHash) => read(({ machines }) => machines.byToken(tokenHash)),
    machineHashes: (id) => read(({ tokens }) => tokens.ofMachine(id)),
    noteMachine: (id, address) =>
      write(laneOf.machine(id), async ({ machines }) => {
        await machines.note(id, address);
      }),
    findMachines: (idOrHost) => read(({ machines }) => machines.find(idOrHost)),
    listMachines: (all, limit) => read(({ machines }) => machines.list(all, limit)),
    revokeMachine: async (id, how, by) => sum(await writeSliced(laneOf.removal(id), revokeMachine(id, { how, by }))),
    leaveRevoked: async (limit) => sum(await writeSliced(laneOf.care, leaveRevoked(limit))),
    revokeAgent: async (agentId, by, bounce) =>
      sum(await writeSliced(laneOf.removal(agentId), removeAgent(agentId, { bounce, by, revoked: true }))),
    voidToken: (tokenHash) => read(({ machines }) => machines.voidToken(tokenHash)),
    rotateToken: (id, tokenHash, overlapMs, by) =>
      write(AgentId.safeParse(id).success ? laneOf.agent(id) : laneOf.machine(id), async ({ audit, tokens }) => {
        const verdict = await tokens.rotate(id, tokenHash, overlapMs);
        if (typeof verdict === "number") await audit.note({ act: "token_rotated", by, about: by });
        return verdict;
      }),
    noteAudit: (note) => write(laneOf.care, ({ audit }) => audit.note(note)),
    listAudit: (after, limit) => read(({ audit }) => audit.list(after, limit)),
    pruneAccess: async (most, invitesOverMs) => {
      await writeSliced<number>(laneOf.care, async ({ audit, invites }) => {
        const dropped = (await audit.removeBefore(most, ROWS)) + (await invites.removeOver(invitesOverMs, ROWS));
        return { part: dropped, more: dropped >= ROWS };
      });
    },
  };
}
