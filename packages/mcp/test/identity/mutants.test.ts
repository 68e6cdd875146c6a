/** The suite is worth what it catches: rules and engines with one promise broken each must not survive. */
import type { Claim, Identities, Identity, LastingOwner, Owner } from "@agentmesh/client/node";
import { afterAll, expect, test } from "vitest";
import { type Act, type Fate, type Rules, rules } from "../../src/identity/rules.ts";
import { type Engine, memoryEngine } from "./memory-identities.ts";
import { checkIdentities } from "./run.ts";
import { BrokenPromise } from "./world.ts";

/** Fixed, so that the count of histories says something about the suite and not about luck. */
const seed = 20261128;
const MOST = 3_000;

type Acting = Parameters<Rules["actOn"]>;

/** Other acts than the sound ones. */
function acts(change: (act: Act, ...args: Acting) => Act): Partial<Rules> {
  return { actOn: (...args) => change(rules.actOn(...args), ...args) };
}

function fates(change: (fate: Fate, held: Owner, how: { used: boolean; deleted: boolean }) => Fate): Partial<Rules> {
  return { fateOf: (held, how) => change(rules.fateOf(held, how), held, how) };
}

/** An engine whose processes see other identities than the sound ones. */
function seen(change: (sound: Identities) => Partial<Identities>): () => Engine {
  return () => {
    const engine = memoryEngine();
    return {
      ...engine,
      process() {
        const { identities, kill } = engine.process();
        return { identities: { ...identities, ...change(identities) }, kill };
      },
    };
  };
}

const isConversation = ({ kind }: Owner) => kind === "conversation";

const mutants: readonly (readonly [string, { readonly rules?: Partial<Rules>; readonly engine?: () => Engine }])[] = [
  [
    "whoever starts in a directory gets its mailbox",
    {
      rules: {
        ownersAtStart: (facts) => rules.ownersAtStart({ ...facts, conversation: undefined, telling: "never" }),
      },
    },
  ],
  ["a name that is in use is shared", { engine: seen((sound) => sharing(sound, "named")) }],
  ["a conversation that is open is shared", { engine: seen((sound) => sharing(sound, "conversation")) }],
  ["two windows of one place are one agent", { engine: seen((sound) => sharing(sound, "place")) }],
  [
    "a client without a known workspace has a place",
    {
      rules: {
        ownersAtStart: (facts) => rules.ownersAtStart({ ...facts, workspace: facts.workspace ?? "/w/0" }),
      },
    },
  ],
  [
    "/clear begins a new agent",
    {
      rules: acts((act, { owner }, { source }) =>
        act === "bind" && source === "clear" && owner.kind !== "own" ? "begin" : act,
      ),
    },
  ],
  [
    "a fork takes the agent with it",
    { rules: acts((act, _, { source }) => (act === "begin" && source === "fork" ? "bind" : act)) },
  ],
  [
    "a conversation resumed within a session takes the agent with it",
    { rules: acts((act, _, { source }) => (act === "begin" && source === "resume" ? "bind" : act)) },
  ],
  [
    "a change that nobody explains takes the agent with it",
    { rules: acts((act, _, { source }) => (act === "begin" && source === undefined ? "bind" : act)) },
  ],
  [
    "a conversation resumed within a session is not gone over to",
    { rules: acts((act, { owner }) => (act === "go over" && isConversation(owner) ? "stay" : act)) },
  ],
  [
    "a thread that is told late is not gone over to",
    { rules: acts((act, { owner }) => (act === "go over" && owner.kind === "own" ? "stay" : act)) },
  ],
  [
    "an own identity is never bound",
    { rules: acts((act, { owner }) => (act === "bind" && owner.kind === "own" ? "begin" : act)) },
  ],
  [
    "a session stays itself in a conversation that is open elsewhere",
    { rules: acts((act) => (act === "stand apart" ? "stay" : act)) },
  ],
  [
    "another workspace changes nothing",
    { rules: acts((act, _, { owner }) => (act === "go over" && owner.kind === "place" ? "stay" : act)) },
  ],
  [
    "a session that stands apart is bound to whatever it forks",
    { rules: { actOn: ({ owner }, told, standing) => rules.actOn({ owner }, told, standing) } },
  ],
  [
    "a chosen name is given up for a conversation",
    { rules: acts((act, { owner }, _, standing) => (owner.kind === "named" && standing === "none" ? "begin" : act)) },
  ],
  [
    "an own agent stays in the mesh",
    {
      rules: fates((fate, held) => (held.kind === "own" ? "waits" : fate)),
      engine: seen(() => ({ orphans: () => [] })),
    },
  ],
  [
    "a conversation's agent that was used is removed",
    { rules: fates((fate, held) => (isConversation(held) ? "is removed" : fate)) },
  ],
  [
    "an agent of a place that was used is removed",
    { rules: fates((fate, held) => (held.kind === "place" ? "is removed" : fate)) },
  ],
  ["nobody sweeps", { engine: seen(() => ({ orphans: () => [] })) }],
  ["binding copies the token", { engine: seen((sound) => ({ claim: (owner) => copying(sound, owner) })) }],
  ["binding makes a new token", { engine: seen((sound) => ({ claim: (owner) => renewing(sound, owner) })) }],
];

/** Identities that live processes share: a claim that is refused is granted by a stolen one. */
function sharing(sound: Identities, kind: LastingOwner["kind"]): Partial<Identities> {
  return {
    claim(owner) {
      const claim = sound.claim(owner);
      if (!claim && owner.kind === kind) return shared.get(keyOf(owner));
      if (claim && owner.kind === kind) shared.set(keyOf(owner), remembering(claim));
      return owner.kind === kind ? shared.get(keyOf(owner)) : claim;
    },
  };
}

const shared = new Map<string, Claim>();
const keyOf = (owner: LastingOwner) => JSON.stringify(owner);

/** A claim whose identity can be opened again while it is held. */
function remembering(claim: Claim): Claim {
  let opened: Identity | undefined;
  return {
    exists: claim.exists,
    open: () => {
      opened ??= claim.open();
      return opened;
    },
    adopt: (identity) => {
      opened = claim.adopt(identity);
      return opened;
    },
    release: () => (opened ? undefined : claim.release()),
  };
}

function copying(sound: Identities, owner: LastingOwner): Claim | undefined {
  const claim = sound.claim(owner);
  return claim && { ...claim, adopt: (identity) => ({ ...plain(claim.open(), identity.token) }) };
}

function renewing(sound: Identities, owner: LastingOwner): Claim | undefined {
  const claim = sound.claim(owner);
  if (!claim) return undefined;
  const adopt = (identity: Identity) => {
    identity.remove();
    return claim.open();
  };
  return { ...claim, adopt };
}

/** An identity as it is, but for its token. */
function plain(identity: Identity, token: string): Identity {
  return {
    token,
    owner: identity.owner,
    get used() {
      return identity.used;
    },
    summary: identity.summary,
    note: (news) => identity.note(news),
    release: () => identity.release(),
    remove: () => identity.remove(),
  };
}

const caught: string[] = [];

test.each(mutants)("rules that are broken are caught: %s", (name, { rules: broken, engine = memoryEngine }) => {
  shared.clear();
  const { details } = checkIdentities(engine, { rules: { ...rules, ...broken }, seed, numRuns: MOST });
  expect(details.failed, `survived ${details.numRuns} histories`).toBe(true);
  if (!(details.errorInstance instanceof BrokenPromise)) throw details.errorInstance;
  caught.push(`${String(details.numRuns).padStart(3)} histories  ${name}: ${details.errorInstance.message}`);
});

afterAll(() => console.log(`${caught.length} of ${mutants.length} caught, seed ${seed}\n${caught.sort().join("\n")}`));
