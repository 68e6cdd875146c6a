/** The port of hooks: a post as it came, and what it says once it is proven. */
import type { HookKind } from "@agentmesh/protocol";

/** What was posted. */
export interface Post {
  /** A header that came once. */
  header(name: string): string | undefined;
  readonly bytes: Uint8Array;
  /** That stood in the URL. */
  readonly secret?: string | undefined;
}

/** How posts of a hook are proven. */
export interface PostTerms {
  readonly kind: HookKind;
  readonly secret: string;
  readonly secretInUrl: boolean;
  /** In milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A proven post: the text that it is, and the sender's own name for it; or why nothing is made of it. */
export type ProvenPost =
  | { readonly kind: "text"; readonly text: string; readonly key: string | undefined }
  | { readonly kind: "nothing"; readonly why: string };

/** Reads one; undefined for one that the secret does not prove. @throws MeshError post_not_readable */
export type ReadPost = (post: Post, terms: PostTerms) => ProvenPost | undefined;
