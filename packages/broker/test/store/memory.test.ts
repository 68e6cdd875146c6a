/** What is in memory beside the database: it goes back with what is refused or lost, and stays small. */
import type { AgentId } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import type { Caller } from "../../src/store/shared/rows/agents.ts";
import { CallersInMemory } from "../../src/store/sqlite/memory/callers.ts";
import { Undo } from "../../src/store/sqlite/memory/undo.ts";

const caller = (pk: number, name: string): Caller => ({
  ...{
    pk,
    id: `agt_${pk}` satisfies AgentId,
    name,
    askedName: undefined,
    profile: {},
    trust: "verified",
    person: false,
    machine: undefined,
  },
  ...{ registeredAt: 0, lastSeenAt: undefined, archivedAt: undefined },
});

test("what changed since a place is taken back, the newest first; what changes outside of a transaction stays", () => {
  const undo = new Undo();
  const said: string[] = [];
  undo.note(() => said.push("never"));
  undo.begin();
  undo.note(() => said.push("first"));
  const { place } = undo;
  undo.note(() => said.push("second"));
  undo.note(() => said.push("third"));
  undo.back(place);
  expect(said).toEqual(["third", "second"]);
  undo.back();
  undo.end();
  undo.back();
  expect(said).toEqual(["third", "second", "first"]);
  undo.begin();
  undo.end();
  undo.back();
  expect(said).toHaveLength(3);
});

test("a caller that was read in an act which is taken back is read again", () => {
  const undo = new Undo();
  const callers = new CallersInMemory(undo);
  expect(callers.get("token", () => caller(1, "ada"))?.name).toBe("ada");
  undo.begin();
  callers.forget(1);
  expect(callers.get("token", () => caller(1, "renamed"))?.name).toBe("renamed");
  undo.back();
  undo.end();
  expect(callers.get("token", () => caller(1, "ada"))?.name).toBe("ada");
  expect(callers.get("token", () => undefined)?.name).toBe("ada");
  callers.forget(1);
  expect(callers.get("token", () => undefined)).toBeUndefined();
});

test("so many callers are kept, those read last; and whom nobody knows is not", () => {
  const callers = new CallersInMemory(new Undo(), 2);
  const reads: number[] = [];
  const get = (pk: number) =>
    callers.get(`token ${pk}`, () => {
      reads.push(pk);
      return pk === 0 ? undefined : caller(pk, "ada");
    });
  for (const pk of [1, 2, 1, 3, 2, 1, 0, 0]) get(pk);
  expect(reads).toEqual([1, 2, 3, 1, 0, 0]);
});
