/** The line of an invite: all that the other machine needs, in one word. */
import * as z from "zod";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { InviteSecret } from "./machine.ts";

const PREFIX = "amj1.";

/** What an invite line says. */
export const InviteWords = object(() => ({
  urls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .max(16),
  ca: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  secret: InviteSecret,
  expires: Timestamp,
}));
export type InviteWords = z.infer<typeof InviteWords>;

/** The word behind `agentmesh join`. */
export function inviteWord(words: InviteWords): string {
  return PREFIX + toBase64Url(JSON.stringify(words));
}

/** What a line says, with or without the command before its word; undefined when it is none, or only a part of one. */
export function readInviteLine(line: string): InviteWords | undefined {
  const word = line.trim().split(/\s+/).at(-1) ?? "";
  if (!word.startsWith(PREFIX) || !/^[A-Za-z0-9_-]+$/.test(word.slice(PREFIX.length))) return undefined;
  try {
    const found = InviteWords.safeParse(JSON.parse(fromBase64Url(word.slice(PREFIX.length))));
    return found.success ? found.data : undefined;
  } catch {
    return undefined;
  }
}

function toBase64Url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): string {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));
}
