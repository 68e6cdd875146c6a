/** The identity of one session: taken at its start, changed as the rules say when the client tells something. */
import type { Claim, Identities, Identity, LastingOwner } from "@agentmesh/client/node";
import { isSameOwner, type Rules, rules, type StartFacts, type Told } from "./rules.ts";

/** What came of being told something; `none`: the agent goes on as it was. */
export type Change =
  | { readonly kind: "none" }
  /** The session is another agent from now on. What it left is still held: whoever is told ends it. */
  | { readonly kind: "switched"; readonly left: Identity; readonly now: Identity };

const NONE: Change = { kind: "none" };

/** Keeps the identity of one session. */
export class IdentityKeeper {
  readonly #identities: Identities;
  readonly #rules: Rules;
  #identity: Identity | undefined;
  #apart: LastingOwner | undefined;

  constructor(identities: Identities, by: Rules = rules) {
    this.#identities = identities;
    this.#rules = by;
  }

  /** What the session is now; undefined before its start. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Whose identity it would have, but that another live process has it. */
  get apart(): LastingOwner | undefined {
    return this.#apart;
  }

  /** Name of the agent that is elsewhere. */
  get nameApart(): string | undefined {
    return this.#apart && this.#identities.nameOf(this.#apart);
  }

  /**
   * Takes the identity of the first owner, or with `orNext` of the first whose identity nobody has. Without, undefined while
   * another process has the first one's. @throws StateFolderError
   */
  start(facts: StartFacts, orNext: boolean): Identity | undefined {
    if (this.#identity) return this.#identity;
    this.#apart = undefined;
    for (const owner of this.#rules.ownersAtStart(facts)) {
      const found = owner.kind === "own" ? this.#identities.own(owner.client) : this.#identities.claim(owner)?.open();
      if (found) {
        this.#identity = found;
        return found;
      }
      if (!orNext) return undefined;
      // The last of them: of a chosen name and a conversation that are both elsewhere, what is told is held against the conversation.
      if (owner.kind !== "own") this.#apart = owner;
    }
    return undefined;
  }

  /** Does what the rules say. @throws StateFolderError */
  told(told: Told): Change {
    const held = this.#identity;
    if (!held || isSameOwner(held.owner, told.owner)) return NONE;
    const claim = this.#identities.claim(told.owner);
    const standing = claim === undefined ? "held" : claim.exists ? "free" : "none";
    const act = this.#rules.actOn({ owner: held.owner, apart: this.#apart }, told, standing);
    if (held.owner.kind !== "named") this.#apart = claim === undefined ? told.owner : undefined;
    switch (act) {
      case "bind":
        this.#identity = claim?.adopt(held);
        return NONE;
      case "go over":
      case "begin":
        return claim ? this.#switch(held, () => claim.open(), claim) : NONE;
      case "stand apart":
        claim?.release();
        return this.#switch(held, () => this.#identities.own(held.owner.client));
      default:
        claim?.release();
        return NONE;
    }
  }

  #switch(left: Identity, open: () => Identity, claim?: Claim): Change {
    try {
      const now = open();
      this.#identity = now;
      return { kind: "switched", left, now };
    } catch (error) {
      claim?.release();
      throw error;
    }
  }
}
