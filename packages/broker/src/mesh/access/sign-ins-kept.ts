/** What is kept of browsers that are signed in at the page, and the port through which it outlives the broker. */
import type { AgentId, PageLinkId, SignInId } from "@agentmesh/protocol";
import * as z from "zod";

const millis = z.int().nonnegative();

/** One that is signed in: of its cookie there is no more than what that is known by under the mesh key. */
const KeptSignIn = z.object({
  id: z.custom<SignInId>((id) => typeof id === "string"),
  known: z.string(),
  as: z.custom<AgentId>((id) => typeof id === "string").optional(),
  link: z.custom<PageLinkId>((id) => typeof id === "string").optional(),
  signedInAt: millis,
  lastUsedAt: millis,
  until: millis,
});

const KeptLink = z.object({
  id: z.custom<PageLinkId>((id) => typeof id === "string"),
  known: z.string(),
  madeAt: millis,
  until: millis,
});

/** All of it. */
export const SignInsKept = z.object({ signIns: z.array(KeptSignIn), links: z.array(KeptLink) });
export type SignInsKept = z.infer<typeof SignInsKept>;
export type KeptSignIn = z.infer<typeof KeptSignIn>;
export type KeptLink = z.infer<typeof KeptLink>;

/** Where it is kept. */
export interface SignInsPlace {
  /** As it was written last; undefined where that is not there, or is not of this form. */
  read(): unknown;
  /** @throws where it cannot be written: then what was written before is there still */
  write(kept: SignInsKept): void;
}
