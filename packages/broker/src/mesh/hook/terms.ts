/** What is kept of a hook under seal: its secret, where it may stand, and how urgent its messages are. */
import { randomBytes } from "node:crypto";
import { Urgency } from "@agentmesh/protocol";
import * as z from "zod";
import type { Seal } from "../webhook/seal.ts";

const SECRET_BYTES = 32;

const HookTerms = z.object({ secret: z.string(), secretInUrl: z.boolean(), urgency: Urgency });

/** A hook's terms. */
export type HookTerms = z.infer<typeof HookTerms>;

/** Seals them for a hook. */
export function sealHook(seal: Seal, hookId: string, terms: HookTerms): string {
  return seal.close(JSON.stringify(terms), hookId);
}

/** The sealed terms; undefined when they cannot be opened: the mesh key is another one than it was. */
export function openHook(seal: Seal, hookId: string, sealed: string): HookTerms | undefined {
  const text = seal.open(sealed, hookId);
  return text === undefined ? undefined : HookTerms.parse(JSON.parse(text));
}

/** A new secret, which stands in a header or a URL as it is. */
export function newHookSecret(): string {
  return `amh_${randomBytes(SECRET_BYTES).toString("base64url")}`;
}
