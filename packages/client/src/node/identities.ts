/** What an identity is bound to, and the port behind which identities are kept. The engine on files: identity-files.ts. */

/**
 * Whose an identity is: of a chosen name, of one conversation of a client, of a workspace where a client never tells its
 * conversations, or of nobody but the process that made it.
 */
export type Owner =
  | { readonly kind: "named" | "conversation" | "place"; readonly client: string; readonly of: string }
  | { readonly kind: "own"; readonly client: string };

/** An owner that a later process can be again. */
export type LastingOwner = Exclude<Owner, { kind: "own" }>;

/** What can become known of an agent: its name, for those who find it held; that it was used; its own summary. */
export interface IdentityNews {
  readonly name?: string;
  readonly used?: true;
  readonly summary?: string;
}

/** The token of one agent, held by this process until it releases it or ends, however it ends. */
export interface Identity {
  /** As it is now: a person may have exchanged it beside this process. */
  readonly token: string;
  readonly owner: Owner;
  /** Somebody has written to it, or it has done something that others can have noticed. */
  readonly used: boolean;
  /** What the agent has said that it works on. */
  readonly summary: string | undefined;
  /** Keeps what is known of it. @throws StateFolderError */
  note(news: IdentityNews): void;
  /** Lets another process become this agent. */
  release(): void;
  /** Deletes the token: nobody can be this agent again. */
  remove(): void;
}

/** The right to say who the owner's agent is, held by this process alone. It ends with one of the three verbs. */
export interface Claim {
  /** Whether the owner has an identity. */
  readonly exists: boolean;
  /** The owner's identity; made if there is none. @throws StateFolderError */
  open(): Identity;
  /**
   * Binds an identity that this process holds to the owner, who must have none: from one moment to the next it is the
   * owner's and nobody else's. @throws StateFolderError
   */
  adopt(identity: Identity): Identity;
  release(): void;
}

/** Identities that last. */
export interface Identities {
  /** Undefined while another live process has the owner's identity. @throws StateFolderError */
  claim(owner: LastingOwner): Claim | undefined;
  /** One that nobody can be again once its process has ended. @throws StateFolderError */
  own(client: string): Identity;
  /** Name of the owner's agent, if it was noted. */
  nameOf(owner: LastingOwner): string | undefined;
  /**
   * Identities whose processes have ended without a farewell, at most so many: those of kind `own`, and those of
   * conversations that were not noted as used. @throws StateFolderError
   */
  orphans(most: number): Identity[];
}
