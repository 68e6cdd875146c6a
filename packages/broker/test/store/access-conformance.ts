/** What every engine must do with machines, invites, tokens and the audit log. One suite, run by each engine's test file. */
import type { AgentId, MachineId } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { AgentToRegister, HookRecord, HookTarget, HookToMake, Store } from "../../src/mesh/store.ts";
import { type EngineUnderTest, stepOf } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

const BY = { kind: "key" } as const;
const HOUR_MS = 3_600_000;

/** Defines the suite for one engine. */
export function accessConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} with machines`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const invite = (secretHash: string, more: object = {}) =>
      store.makeInvite(
        { ...{ id: newId("inv"), secretHash, kind: "machine", names: undefined, forMs: HOUR_MS, most: 3 }, ...more },
        BY,
      );
    const join = (secretHash: string, tokenHash: string, most = 10) =>
      store.joinMachine({
        ...{
          id: newId("mch"),
          secretHash,
          tokenHash,
          host: `host-${tokenHash}`,
          version: "1.2.3",
          address: "10.0.0.7",
          most,
        },
      });
    async function machine(tokenHash: string, more: object = {}): Promise<MachineId> {
      await invite(`secret-${tokenHash}`, more);
      const verdict = await join(`secret-${tokenHash}`, tokenHash);
      if (verdict.kind !== "joined") throw new Error(`not joined: ${verdict.kind}`);
      return verdict.machine.id;
    }
    const register = (name: string, more: Partial<AgentToRegister> = {}) =>
      store.registerAgent({
        ...{ id: newId("agt"), tokenHash: `hash-of-${name}`, name, ifTaken: "number", profile: {}, by: BY },
        ...more,
      });
    const send = (senderId: AgentId, recipientId: AgentId) => {
      const id = newId("msg");
      const content = {
        body: "hello",
        bodyBytes: 5,
        ttlMs: HOUR_MS,
        inReplyTo: undefined,
        threadId: `thr_${id.slice(4)}` as const,
      };
      const asked = { id, deliveryId: newId("dlv"), senderId, recipientId, idempotency: undefined, answers: undefined };
      return store.enqueue({ ...asked, ...content }, { maxMessages: 10, maxBytes: 1_000 });
    };
    const on = (id: MachineId) => ({ machine: { id, host: "laptop" } });
    const acts = async () => (await store.listAudit(0, 100)).map(({ act }) => act);

    test("an invite lets one machine in: the same one again, no other, and none past its time or taken back", async () => {
      await invite("one");
      const first = await join("one", "token-1");
      expect(first).toMatchObject({ kind: "joined", machine: { host: "host-token-1", version: "1.2.3" } });
      expect(await join("one", "token-1")).toEqual(first);
      expect(await join("one", "token-2")).toMatchObject({ kind: "over", why: "used" });
      await invite("short", { forMs: 10_000 });
      clock.advance(10_000);
      expect(await join("short", "token-3")).toMatchObject({ kind: "over", why: "expired" });
      const made = await invite("back");
      if (typeof made === "string") throw new Error(made);
      expect(await store.takeBackInvite(made.id, BY)).toBe(true);
      expect(await store.takeBackInvite(made.id, BY)).toBe(false);
      expect(await join("back", "token-4")).toMatchObject({ kind: "over", why: "taken_back" });
      expect(await join("never made", "token-5")).toEqual({ kind: "unknown" });
      expect((await store.listMachines(true, 10)).map(({ host }) => host)).toEqual(["host-token-1"]);
    });

    test("a step of the clock makes no invite longer or shorter", async () => {
      await invite("one", { forMs: 60_000 });
      await store.shiftTimes(HOUR_MS, stepOf(engine, clock));
      expect(await join("one", "token-1")).toMatchObject({ kind: "joined" });
    });

    test("as many invites wait as may, and as many machines are in the mesh", async () => {
      for (const each of ["a", "b", "c"]) expect(await invite(each)).toMatchObject({ kind: "machine" });
      expect(await invite("d")).toBe("full");
      expect(await invite("a")).toMatchObject({ kind: "machine" });
      expect(await join("a", "token-a", 1)).toMatchObject({ kind: "joined" });
      expect(await join("b", "token-b", 1)).toEqual({ kind: "full" });
      expect(await store.listInvites(10)).toHaveLength(2);
    });

    test("a token that is or was a machine's joins for no second one", async () => {
      const id = await machine("token-1");
      await invite("again");
      expect(await join("again", "token-1")).toEqual({ kind: "unknown" });
      await store.revokeMachine(id, "revoked", BY);
      expect(await join("again", "token-1")).toEqual({ kind: "unknown" });
      expect(await join("again", "token-2")).toMatchObject({ kind: "joined" });
    });

    test("a machine registers and resumes its own agents, and no others'", async () => {
      const [desk, laptop] = [await machine("desk"), await machine("laptop")];
      const { agent, created } = await register("ada", on(desk));
      expect([created, agent.machine]).toEqual([true, { id: desk, host: "host-desk" }]);
      expect((await register("ada", on(desk))).created).toBe(false);
      await expect(register("ada", on(laptop))).rejects.toMatchObject({ code: "forbidden" });
      await register("bob");
      await expect(register("bob", on(laptop))).rejects.toMatchObject({ code: "forbidden" });
      expect((await store.findAgent("bob"))?.machine).toBeUndefined();
      expect((await store.listMachines(false, 10)).map(({ host, agents }) => [host, agents])).toEqual([
        ["host-laptop", 0],
        ["host-desk", 1],
      ]);
    });

    test("a machine reaches deliveries and messages as the agent of its own that has to do with them, and nobody else's", async () => {
      const [desk, laptop] = [await machine("desk"), await machine("laptop")];
      const [ada, bob] = [(await register("ada", on(desk))).agent, (await register("bob", on(laptop))).agent];
      const own = (await register("own")).agent;
      const { message, delivery } = await send(ada.id, bob.id);
      const reached = async (id: MachineId, ref: string) => (await store.partiesOf(id, ref)).map(({ agent }) => agent);
      for (const whole of [message.id, delivery.id]) {
        for (const ref of [whole, whole.slice(0, 20)]) {
          expect([await reached(desk, ref), await reached(laptop, ref)]).toEqual([[ada.id], [bob.id]]);
        }
      }
      const other = await send(own.id, own.id);
      for (const ref of [other.message.id, other.delivery.id, "1", own.id])
        expect(await reached(desk, ref)).toEqual([]);
      // Of two of the same machine a delivery is its recipient's, a message its sender's.
      const eve = (await register("eve", on(desk))).agent;
      const within = await send(ada.id, eve.id);
      expect(await reached(desk, within.delivery.id)).toEqual([eve.id]);
      expect(await reached(desk, within.message.id)).toEqual([ada.id]);
      await store.removeAgent(ada.id);
      expect(await reached(desk, within.message.id)).toEqual([eve.id]);
      await store.revokeMachine(desk, "revoked", BY);
      expect(await reached(desk, within.message.id)).toEqual([]);
    });

    test("agents that come by an invite with names are called so, and one for one agent has one", async () => {
      const named = await machine("named", { names: "ci-*" });
      expect((await register("build", on(named))).agent.name).toBe("ci-build");
      expect((await register("ci-lint", on(named))).agent.name).toBe("ci-lint");
      const single = await machine("single", { kind: "agent" });
      await register("only", on(single));
      await expect(register("second", on(single))).rejects.toMatchObject({ code: "forbidden" });
      expect((await register("only", on(single))).created).toBe(false);
    });

    test("a machine that is put out has no agents, and none of their tokens is good again, also over a restart", async () => {
      const desk = await machine("desk");
      const own = await Promise.all(Array.from({ length: 40 }, (_, i) => register(`own-${i}`, on(desk))));
      const other = await register("other");
      expect(await store.revokeMachine(desk, "revoked", BY)).toBe(40);
      expect(await store.revokeMachine(desk, "revoked", BY)).toBe(0);
      store = await engine.reopen(clock);
      expect(await store.machineByToken("desk")).toBeUndefined();
      expect(await store.voidToken("desk")).toMatchObject({ name: "host-desk" });
      for (const { agent } of own) {
        expect(await store.agentByToken(`hash-of-${agent.name}`)).toBeUndefined();
        await expect(register(agent.name)).rejects.toMatchObject({ code: "token_revoked" });
      }
      await expect(register("late", on(desk))).rejects.toMatchObject({ code: "token_revoked" });
      expect((await store.agentByToken("hash-of-other"))?.id).toBe(other.agent.id);
    });

    test("an agent that is put out leaves as by a removal, and its token is void", async () => {
      const { agent } = await register("ada");
      await store.revokeAgent(agent.id, BY);
      expect(await store.findAgent(agent.id)).toBeUndefined();
      await expect(register("ada")).rejects.toMatchObject({ code: "token_revoked" });
      expect((await register("ada", { tokenHash: "a new one" })).created).toBe(true);
    });

    test("an exchanged token is good beside the new one until its overlap is over, and for nobody else", async () => {
      const desk = await machine("desk");
      const { agent } = await register("ada", on(desk));
      const tokens: [AgentId | MachineId, string, (hash: string) => Promise<{ id: string } | undefined>][] = [
        [agent.id, "hash-of-ada", (hash) => store.agentByToken(hash)],
        [desk, "desk", (hash) => store.machineByToken(hash)],
      ];
      for (const [id, former, find] of tokens) {
        const next = `new ${former}`;
        expect((await find(former))?.id).toBe(id);
        expect(await store.rotateToken(id, next, HOUR_MS, BY)).toBe(clock.now() + HOUR_MS);
        expect(await store.rotateToken(id, next, HOUR_MS, BY)).toBeUndefined();
        expect([(await find(former))?.id, (await find(next))?.id]).toEqual([id, id]);
      }
      expect(await store.rotateToken(agent.id, "desk", HOUR_MS, BY)).toBe("taken");
      expect((await register("ada", { tokenHash: "hash-of-ada", ...on(desk) })).agent.id).toBe(agent.id);
      clock.advance(HOUR_MS);
      for (const [id, former, find] of tokens) {
        expect([await find(former), (await find(`new ${former}`))?.id]).toEqual([undefined, id]);
      }
      await expect(register("ada")).rejects.toMatchObject({ code: "token_revoked" });
    });

    test("the audit log has each act once, in its order, none that changed nothing, and the newest when it is pruned", async () => {
      const desk = await machine("desk");
      const { agent } = await register("ada", on(desk));
      await register("ada", on(desk));
      await store.setPolicy(agent.id, { otherwise: "hold", senders: {}, trust: {} }, BY);
      await store.rotateToken(desk, "other", 0, BY);
      await store.removeAgent(agent.id, undefined, BY);
      await store.revokeMachine(desk, "left", BY);
      const all = [
        "invite_made",
        "machine_joined",
        "agent_registered",
        "policy_changed",
        "token_rotated",
        "agent_removed",
        "machine_left",
      ];
      expect(await acts()).toEqual(all);
      expect((await store.listAudit(undefined, 2)).map(({ act }) => act)).toEqual(all.slice(-2));
      await store.pruneAccess(3, HOUR_MS);
      expect(await acts()).toEqual(all.slice(-3));
      await store.noteAudit({ act: "join_refused", by: { kind: "nobody", address: "10.0.0.9" }, why: "no invite" });
      expect((await store.listAudit(all.length, 10)).map(({ seq, by }) => [seq, by.address])).toEqual([
        [8, "10.0.0.9"],
      ]);
    });

    test("a hook and its agent are made together, and leave together", async () => {
      const { agent: ada } = await register("ada");
      const make = (name: string, target: HookTarget, more: Partial<HookToMake> = {}) =>
        store.makeHook(
          {
            ...{ id: newId("hok"), kind: "json", target, sealed: `sealed ${name}`, most: 2 },
            agent: {
              id: newId("agt"),
              tokenHash: `hash-of-${newId("agt")}`,
              name,
              ifTaken: "refuse",
              profile: {},
              trust: "unverified",
            },
            ...more,
          },
          BY,
        );
      const known = (made: HookRecord | "full") => (made === "full" ? undefined : made);
      const direct = known(await make("ci", { recipientId: ada.id }));
      expect(direct).toMatchObject({
        kind: "json",
        agent: { name: "ci" },
        recipient: { id: ada.id, name: "ada" },
        sealed: "sealed ci",
      });
      // What fails leaves neither.
      await expect(make("ci", { topic: "build" })).rejects.toMatchObject({ code: "agent_name_taken" });
      await expect(make("lost", { recipientId: newId("agt") })).rejects.toMatchObject({ code: "agent_not_found" });
      expect(await store.findAgent("lost")).toBeUndefined();
      const topic = known(await make("deploys", { topic: "build" }));
      expect(topic).toMatchObject({ topic: "build", recipient: undefined, lastAt: undefined });
      expect(await make("third", { topic: "build" })).toBe("full");
      expect((await store.listHooks(10)).map(({ agent }) => agent.name)).toEqual(["deploys", "ci"]);
      expect((await store.listHooks(1)).map(({ agent }) => agent.name)).toEqual(["deploys"]);
      expect(await Promise.all([direct, topic].map((each) => store.isHook(each?.agent.id ?? ada.id)))).toEqual([
        true,
        true,
      ]);
      expect(await store.isHook(ada.id)).toBe(false);

      await store.noteHook(direct?.id ?? newId("hok"));
      clock.advance(HOUR_MS);
      expect(await store.hook(direct?.id ?? newId("hok"))).toMatchObject({
        quietMs: HOUR_MS,
        lastAt: clock.now() - HOUR_MS,
      });
      // However quiet, its agent stays.
      await store.archiveAgents(HOUR_MS, 10);
      expect((await store.findAgent("ci"))?.archivedAt).toBeUndefined();
      expect((await store.findAgent("ada"))?.archivedAt).toBeDefined();

      await store.removeAgent(direct?.agent.id ?? ada.id);
      expect(await store.hook(direct?.id ?? newId("hok"))).toBeUndefined();
      await store.revokeAgent(topic?.agent.id ?? ada.id, BY);
      expect(await store.listHooks(10)).toEqual([]);
      expect(await acts()).toContain("hook_made");
    });

    test("an agent has one card or none, and none when it has left", async () => {
      const [{ agent: ada }, { agent: bob }] = [await register("ada"), await register("bob")];
      const skills = [{ name: "build", description: "builds" }];
      expect(await store.agentCard(ada.id)).toBeUndefined();
      expect(await store.removeAgentCard(ada.id, BY)).toBe(false);
      await store.putAgentCard(ada.id, { description: "the first", skills: [] }, BY);
      clock.advance(HOUR_MS);
      await store.putAgentCard(ada.id, { description: "builds", skills }, BY);
      await store.putAgentCard(bob.id, { description: "reviews", skills: [] }, BY);
      expect(await store.agentCard(ada.id)).toEqual({ description: "builds", skills, setAt: clock.now() });
      expect(await store.removeAgentCard(ada.id, BY)).toBe(true);
      expect([await store.agentCard(ada.id), (await store.agentCard(bob.id))?.description]).toEqual([
        undefined,
        "reviews",
      ]);
      await store.removeAgent(bob.id);
      expect(await store.agentCard(bob.id)).toBeUndefined();
      await expect(store.putAgentCard(bob.id, { description: "still", skills: [] }, BY)).rejects.toMatchObject({
        code: "agent_not_found",
      });
      expect((await acts()).filter((act) => act.startsWith("card"))).toEqual([
        ...["card_set", "card_set", "card_set", "card_removed"],
      ]);
    });
  });
}
