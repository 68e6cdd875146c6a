/** Questions about machines that join and are put out, with what their answers must be. */
import type { AgentId } from "@agentmesh/protocol";
import { newId } from "../../src/mesh/ids.ts";
import type { By } from "../../src/mesh/store.ts";
import type { AgentHistory, DeliveryHistory, MachineHistory } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { HOST, leave } from "./questions-agents.ts";
import { followStart, judgeVoided, loseUnwritten } from "./questions-care.ts";
import { judgeEnd } from "./returns.ts";
import { BOUNCE, type End, turn } from "./world.ts";

const BY: By = { kind: "key" };
const DAY_MS = 86_400_000;

/** An invite is made, and a machine joins by it; with the same secret once more another one does not. */
export function join(): Question {
  return async (o) => {
    const [id, another] = [newId("mch"), newId("mch")];
    const [secretHash, tokenHash] = [`secret of ${id}`, `token of ${id}`];
    const { store } = o.world;
    await store.makeInvite(
      { id: newId("inv"), secretHash, kind: "machine", names: undefined, forMs: DAY_MS, most: 1_000 },
      BY,
    );
    const joining = { secretHash, host: HOST, version: undefined, address: undefined, most: 1_000 };
    const first = await store.joinMachine({ ...joining, id, tokenHash });
    const again = await store.joinMachine({ ...joining, id: another, tokenHash });
    const other = await store.joinMachine({ ...joining, id: another, tokenHash: `token of ${another}` });
    const known = await store.machineByToken(tokenHash);
    return () => {
      o.say(`a machine joins → ${first.kind}, again ${again.kind}, another one ${other.kind}`);
      const same = first.kind === "joined" && again.kind === "joined" && again.machine.id === id && known?.id === id;
      demand(same, "ownership", () => "the machine that joined by an invite is not the one that its token names");
      demand(other.kind === "over", "ownership", () => `a second machine joined by a used invite: ${other.kind}`);
      o.history.machines.push({ id, tokenHash, secretHash, out: false });
    };
  };
}

/** A machine is put out: its agents have left, their mail dies, their tokens and its own are void for good. */
export function revoke(machine: MachineHistory): Question {
  return async (o) => {
    const { store } = o.world;
    const own = ownOf(o, machine);
    const n = await store.revokeMachine(machine.id, "revoked", BY);
    const gone = await isGone(o, machine, own);
    const [one] = own;
    const again = one && (await outcome(store.registerAgent({ ...anew(one), id: newId("agt") })));
    const dead = await store.endRemoved(1_000, BOUNCE);
    return () => {
      o.say(`put a machine of ${own.length} agents out → ${n} left, ${dead} dead`);
      const expected = machine.out ? 0 : own.length;
      demand(n === expected, "ownership", () => `${expected} agents were the machine's, but ${n} left`);
      demand(gone, "ownership", () => "a token of a machine that was put out, or of its agents, is good");
      const code = again?.kind === "refused" ? again.code : again?.kind;
      demand(!one || code === "token_revoked", "ownership", () => `${one?.name} is back by its void token: ${code}`);
      const alive = own.flatMap(({ id }) => o.history.alive(id));
      out(o, machine, own);
      demand(dead === alive.length, "I1 no loss", () => `${alive.length} lived, but ${dead} died with the machine`);
      for (const _ of alive) judgeDeath(o, alive);
    };
  };
}

/** A machine is put out, and the broker is killed some turns later: then all of it is there as before, or all of it goes now. */
export function revokeAndKill(machine: MachineHistory, turns: number, end: Exclude<End, "clean">): Question {
  return async (o) => {
    const own = ownOf(o, machine);
    // What a commit leased for a stream before it was on disk nobody was told of.
    o.world.streams.clear();
    const first = o.world.store.revokeMachine(machine.id, "revoked", BY).catch(() => undefined);
    for (let i = 0; i < turns; i++) await turn();
    await o.world.restart(end);
    loseUnwritten(o, end);
    const { store } = o.world;
    const present = (await store.machineByToken(machine.tokenHash)) !== undefined;
    const callers = await Promise.all(own.map(({ tokenHash }) => store.agentByToken(tokenHash)));
    await store.leaveRevoked(1_000);
    const listed = await Promise.all(own.map(({ id }) => store.findAgent(id)));
    const dead = await store.endRemoved(1_000, BOUNCE);
    const told = await Promise.race([
      first,
      turn()
        .then(turn)
        .then(() => undefined),
    ]);
    return () => {
      o.say(
        `killed ${turns} turns after a machine was put out, which is ${present ? "there" : "gone"}; then ${dead} dead`,
      );
      demand(
        told === undefined || !present,
        "ownership",
        () => "it was answered that a machine is out, and it is there",
      );
      const all = callers.every((each) => (each !== undefined) === present);
      demand(all, "ownership", () => "some agents of a machine may call after a kill, and it or others may not");
      const left = listed.every((each) => (each !== undefined) === present);
      demand(left, "ownership", () => "some agents of a machine that is out are in the mesh after the care for it");
      const alive = present ? [] : own.flatMap(({ id }) => o.history.alive(id));
      if (!present) out(o, machine, own);
      followStart(o);
      let ended = 0;
      for (judgeVoided(o); !present && o.tape.nextOf("dead"); judgeVoided(o)) {
        judgeDeath(o, alive);
        ended++;
      }
      o.started();
      demand(ended === alive.length, "I1 no loss", () => `${alive.length} lived, but ${ended} died with the machine`);
    };
  };
}

/** Looks up as which agent of its own a machine reaches a delivery by its id, or its message; what is none of theirs, as none. */
export function reach(machine: MachineHistory, delivery: DeliveryHistory, by: "message" | "id"): Question {
  return async (o) => {
    const { of, to, pruned } = delivery;
    const [found, ...more] = await o.world.store.partiesOf(machine.id, by === "id" ? delivery.id : of.id);
    return () => {
      o.say(`a machine reaches ${delivery.id} by its ${by} → ${found?.agent}`);
      const own = (id: AgentId) => o.history.agent(id)?.machine === machine.id;
      const recipients = by === "id" ? [to.id] : of.deliveries.flatMap((each) => (each.pruned ? [] : [each.to.id]));
      const sender = [of.message.from.id].filter(own);
      const receivers = recipients.filter(own);
      const [first, second] = by === "id" ? [receivers, sender] : [sender, receivers];
      const known = by === "id" ? !pruned : !of.gone;
      const expected = !known ? [] : first.length > 0 ? first : second;
      const isSo = found === undefined ? expected.length === 0 : expected.includes(found.agent) && more.length === 0;
      demand(isSo, "ownership", () => `a machine reaches it as ${found?.agent}; its agents are ${expected.join()}`);
    };
  };
}

/** Whoever has a token of one that is out, and the mesh key. */
function anew({ tokenHash }: AgentHistory) {
  return { tokenHash, name: "back", ifTaken: "number", profile: {} } as const;
}

function ownOf(o: Observer, machine: MachineHistory): AgentHistory[] {
  return o.history.present.filter((each) => each.machine === machine.id);
}

async function isGone({ world }: Observer, machine: MachineHistory, own: readonly AgentHistory[]): Promise<boolean> {
  const { store } = world;
  if (await store.machineByToken(machine.tokenHash)) return false;
  const callers = await Promise.all(own.map(({ tokenHash }) => store.agentByToken(tokenHash)));
  const voids = await Promise.all(own.map(({ tokenHash }) => store.voidToken(tokenHash)));
  return callers.every((each) => each === undefined) && voids.every((each) => each !== undefined);
}

/** What nobody has any more from then on. */
function out(o: Observer, machine: MachineHistory, own: readonly AgentHistory[]): void {
  machine.out = true;
  o.history.voidTokens.add(machine.tokenHash);
  for (const { id, tokenHash } of own) {
    o.history.voidTokens.add(tokenHash);
    leave(o, id);
  }
}

function judgeDeath(o: Observer, alive: ReturnType<Observer["history"]["alive"]>): void {
  const next = o.tape.nextOf("dead");
  demand(
    next !== undefined && alive.includes(next),
    "I1 no loss",
    () => `${next?.id} died, and is of no machine that is out`,
  );
  judgeEnd(o, next, "dead", "dead", { reason: "recipient_gone" });
}
