/**
 * Whose identity a session has: the rules, and nothing that obeys them. docs/identity.md shows the three tables; a test
 * keeps page and tables equal.
 */
import type { LastingOwner, Owner } from "@agentmesh/client/node";
import type { ConversationSource, Telling } from "./conversation.ts";

/** What is known of a session before it joins. */
export interface StartFacts {
  readonly client: string;
  /** The name a person chose for it. */
  readonly name?: string | undefined;
  readonly telling: Telling;
  readonly conversation?: string | undefined;
  /** The workspace, as a text that is the same for the same workspace; undefined where nobody knows it. */
  readonly workspace?: string | undefined;
}

/** A row of the table of starts: of all rows whose conditions hold, in their order, each is an owner to try. */
export interface StartRow {
  readonly when: string;
  readonly owner: Owner["kind"];
  readonly holds: (facts: StartFacts) => boolean;
}

/** The table of starts. The first owner whose identity no live process has is taken. */
export const startTable: readonly StartRow[] = [
  { when: "a name is chosen", owner: "named", holds: ({ name }) => name !== undefined },
  {
    when: "the client has told the conversation",
    owner: "conversation",
    holds: ({ conversation }) => conversation !== undefined,
  },
  {
    when: "the client never tells it, and the workspace is known",
    owner: "place",
    holds: ({ telling, conversation, workspace }) =>
      telling === "never" && conversation === undefined && workspace !== undefined,
  },
  { when: "always", owner: "own", holds: () => true },
];

/** The owners to try at a start, in this order. */
function ownersAtStart(facts: StartFacts): readonly Owner[] {
  return startTable.flatMap(({ owner, holds }) => (holds(facts) ? ownerOf(owner, facts) : []));
}

function ownerOf(kind: Owner["kind"], { client, name, conversation, workspace }: StartFacts): Owner[] {
  if (kind === "own") return [{ kind, client }];
  const of = { named: name, conversation, place: workspace }[kind];
  return of === undefined ? [] : [{ kind, client, of }];
}

/** How it stands with the identity of an owner: there is none; nobody live has it; another live process has it. */
export type Standing = "none" | "free" | "held";

/**
 * What a session does that is told of an owner. `stay`: nothing changes. `bind`: its identity becomes the owner's, so that
 * the agent goes on. `go over`: it leaves its agent and becomes the owner's. `begin`: it leaves its agent, and a new one
 * is made for the owner. `stand apart`: it leaves its agent and is one of its own.
 */
export type Act = "stay" | "bind" | "go over" | "begin" | "stand apart";

/** A row of the table of changes: the first that fits decides. */
export interface ChangeRow {
  readonly held: "named" | "own" | "place" | "conversation" | "the same";
  readonly told: "a conversation" | "a workspace" | "any";
  /** How a conversation came about; left out for any. */
  readonly by?: readonly ConversationSource[];
  readonly standing: Standing | "any";
  readonly act: Act;
}

/** The table of changes. */
export const changeTable: readonly ChangeRow[] = [
  { held: "the same", told: "any", standing: "any", act: "stay" },
  { held: "named", told: "any", standing: "any", act: "stay" },
  { held: "own", told: "any", standing: "none", act: "bind" },
  { held: "own", told: "any", standing: "free", act: "go over" },
  { held: "own", told: "any", standing: "held", act: "stay" },
  { held: "place", told: "a conversation", standing: "any", act: "stay" },
  { held: "place", told: "a workspace", standing: "none", act: "begin" },
  { held: "place", told: "a workspace", standing: "free", act: "go over" },
  { held: "place", told: "a workspace", standing: "held", act: "stand apart" },
  { held: "conversation", told: "a workspace", standing: "any", act: "stay" },
  { held: "conversation", told: "a conversation", standing: "free", act: "go over" },
  { held: "conversation", told: "a conversation", standing: "held", act: "stand apart" },
  { held: "conversation", told: "a conversation", by: ["clear", "compact"], standing: "none", act: "bind" },
  { held: "conversation", told: "a conversation", standing: "none", act: "begin" },
];

/** Something a running session is told. */
export interface Told {
  readonly owner: LastingOwner;
  readonly source?: ConversationSource | undefined;
}

/** What a session holds; `apart`: whose identity it would have, but that another process has it. */
export interface Holding {
  readonly owner: Owner;
  readonly apart?: LastingOwner | undefined;
}

/** Whether these are one owner. */
export function isSameOwner(one: Owner, other: Owner): boolean {
  return one.kind !== "own" && other.kind === one.kind && one.client === other.client && one.of === other.of;
}

/** What a session does. One that stands apart from an owner holds what it has for that owner, and for no other. */
function actOn({ owner: held, apart }: Holding, { owner, source }: Told, standing: Standing): Act {
  const kind =
    held.kind === "own" && apart && apart.kind !== "named" && !isSameOwner(apart, owner)
      ? apart.kind
      : isSameOwner(held, owner)
        ? "the same"
        : held.kind;
  const told = owner.kind === "conversation" ? "a conversation" : "a workspace";
  const row = changeTable.find(
    (each) =>
      each.held === kind &&
      (each.told === "any" || each.told === told) &&
      (each.standing === "any" || each.standing === standing) &&
      (each.by === undefined || (source !== undefined && each.by.includes(source))),
  );
  return row?.act ?? "stay";
}

/** A row of the table of ends: the first that fits decides. */
export interface EndRow {
  readonly held: Owner["kind"] | "any";
  readonly when: "the client deleted the conversation" | "it was never used" | "always";
  readonly fate: Fate;
}

/** What becomes of an agent when its session ends or leaves it. */
export type Fate = "waits" | "is removed";

/** The table of ends. */
export const endTable: readonly EndRow[] = [
  { held: "own", when: "always", fate: "is removed" },
  { held: "conversation", when: "the client deleted the conversation", fate: "is removed" },
  { held: "conversation", when: "it was never used", fate: "is removed" },
  { held: "any", when: "always", fate: "waits" },
];

/** What becomes of an agent when its session ends, or goes over to another. */
function fateOf(held: Owner, { used, deleted }: { readonly used: boolean; readonly deleted: boolean }): Fate {
  const holds = {
    "the client deleted the conversation": deleted,
    "it was never used": !used,
    always: true,
  };
  const row = endTable.find((each) => (each.held === "any" || each.held === held.kind) && holds[each.when]);
  return row?.fate ?? "waits";
}

/** The rules as whoever obeys them takes them. */
export interface Rules {
  ownersAtStart(facts: StartFacts): readonly Owner[];
  actOn(holding: Holding, told: Told, standing: Standing): Act;
  fateOf(held: Owner, how: { readonly used: boolean; readonly deleted: boolean }): Fate;
}

/** The rules of the tables. */
export const rules: Rules = { ownersAtStart, actOn, fateOf };
